import { setTimeout as delay } from 'node:timers/promises';
import type { App, Receiver, ReceiverEvent } from '@slack/bolt';
import { SocketModeClient } from '@slack/socket-mode';
import type { Logger } from 'pino';
import { ConfigError } from '../../errors.ts';
import { slackWord, toDeliveryError } from './errors.ts';
import { callTimeoutMs, reconnect, slackRetryPolicies } from './retry-policies.ts';
import { createSlackLogger } from './slack-logger.ts';

export interface SocketReceiverOptions {
  readonly appToken: string;
  readonly apiUrl: string;
  readonly logger: Logger;
}

interface Envelope {
  readonly body: ReceiverEvent['body'];
  readonly ack: (response?: Record<string, unknown>) => Promise<void>;
  readonly retry_num?: number;
  readonly retry_reason?: string;
}

/** Longest wait for Slack to say hello, and to say goodbye. */
const helloMs = 20_000;
const goodbyeMs = 2_000;
/** How long without an answer to a ping before the connection counts as lost. */
const pongMs = 10_000;

/**
 * Socket Mode. The library's own receiver ends the process when Slack cannot be reached for a new connection (a
 * rejection that nobody handles) and waits five seconds after each of Slack's planned ones: this one keeps trying, the
 * first time at once.
 */
export function createSocketReceiver({ appToken, apiUrl, logger }: SocketReceiverOptions): Receiver {
  const client = new SocketModeClient({
    appToken,
    autoReconnectEnabled: false,
    clientPingTimeout: pongMs,
    logger: createSlackLogger(logger),
    clientOptions: { slackApiUrl: apiUrl, retryConfig: slackRetryPolicies.write, timeout: callTimeoutMs },
  });
  const stopped = new AbortController();
  let app: App | null = null;
  let running: Promise<void> | null = null;

  client.on('slack_event', (envelope: Envelope) => {
    void receive(envelope).catch((error: unknown) =>
      logger.error({ err: error }, 'an event of Slack was not processed'),
    );
  });

  async function receive({ body, ack, retry_num, retry_reason }: Envelope): Promise<void> {
    const event: ReceiverEvent = {
      body,
      // An answer that cannot be sent because the connection is gone: Slack sends the event again, and it is known then.
      ack: (response?: Record<string, unknown>) =>
        ack(response).catch((error: unknown) =>
          logger.warn({ err: error }, 'an event of Slack could not be confirmed'),
        ),
      ...(retry_num === undefined ? {} : { retryNum: retry_num }),
      ...(retry_reason === undefined ? {} : { retryReason: retry_reason }),
    };
    await app?.processEvent(event);
  }

  /** Resolves when the connection stands; throws why it does not. */
  async function connect(): Promise<void> {
    const deadline = AbortSignal.any([AbortSignal.timeout(helloMs), stopped.signal]);
    const expired = Promise.withResolvers<never>();
    const onDeadline = () => expired.reject(new Error(`Expected Slack to say hello within ${helloMs} ms.`));
    deadline.addEventListener('abort', onDeadline, { once: true });
    const starting = client.start();
    try {
      await Promise.race([starting, expired.promise]);
    } catch (error) {
      starting.catch(() => undefined);
      if (deadline.aborted) void client.disconnect();
      throw error ?? new Error('Expected Slack to open a socket, it closed it.');
    } finally {
      deadline.removeEventListener('abort', onDeadline);
    }
  }

  async function keepConnected(isConnected: boolean, closed: Promise<void>): Promise<void> {
    let failures = isConnected ? 0 : 1;
    let lost = closed;
    if (isConnected) await lost;
    while (!stopped.signal.aborted) {
      const ms = failures === 0 ? 0 : Math.min(reconnect.lastMs, reconnect.firstMs * 2 ** (failures - 1));
      await delay(ms, undefined, { signal: stopped.signal }).catch(() => undefined);
      if (stopped.signal.aborted) return;
      lost = nextDisconnect();
      try {
        await connect();
        failures = 0;
        logger.info({ part: 'slack' }, 'connected again');
        await lost;
      } catch (error) {
        failures += 1;
        logger.warn({ err: error, failures }, 'no connection to Slack, will try again');
      }
    }
  }

  function nextDisconnect(): Promise<void> {
    return new Promise((resolve) => client.once('disconnected', () => resolve()));
  }

  return {
    init(owner) {
      app = owner;
    },
    async start() {
      if (running !== null) return;
      const lost = nextDisconnect();
      let isConnected = true;
      try {
        await connect();
      } catch (error) {
        const word = slackWord(error);
        if (word !== null && toDeliveryError(error).code === 'slack_forbidden') {
          throw new ConfigError([
            `SLACK_APP_TOKEN: expected a token for Socket Mode, got one that Slack calls ${word}.`,
          ]);
        }
        isConnected = false;
        logger.warn({ err: error }, 'Slack cannot be reached yet, will try again');
      }
      running = keepConnected(isConnected, lost);
    },
    async stop() {
      stopped.abort();
      if (running === null) return;
      await Promise.race([client.disconnect(), delay(goodbyeMs, undefined, { ref: false })]);
      await Promise.race([running, delay(goodbyeMs, undefined, { ref: false })]);
    },
  };
}
