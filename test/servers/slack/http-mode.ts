import { createHmac } from 'node:crypto';
import { acknowledgeWithinMs, type Delivery, type Envelope, type Receipt } from './envelopes.ts';
import type { Json } from './refusal.ts';
import type { World } from './world.ts';

export interface HttpMode {
  deliver(envelope: Envelope, delivery: Delivery): Promise<Receipt>;
  /** Send any body to the app, signed; tests forge requests with it. */
  post(body: string, type: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** The challenge that the platform sends before it believes an address. */
  verify(): Promise<void>;
}

/** `v0=` and the HMAC of the raw body. */
export function signatureOf(secret: string, timestamp: number, body: string): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
}

/** HTTP mode: everything is posted to one address of the app, signed. */
export function createHttpMode(world: World, options: { url: string; signingSecret: string }): HttpMode {
  const post: HttpMode['post'] = (body, type, headers = {}) => {
    // The app compares it with its own clock, so it is the real time whatever this server's clock says.
    const timestamp = Math.floor(Date.now() / 1000);
    return fetch(options.url, {
      method: 'POST',
      redirect: 'manual',
      body,
      headers: {
        'content-type': type,
        'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
        'x-slack-request-timestamp': String(timestamp),
        'x-slack-signature': signatureOf(options.signingSecret, timestamp, body),
        ...headers,
      },
    });
  };

  return {
    post,
    async deliver(envelope, delivery) {
      const sentMs = world.clock.now();
      const { promise: tooLate, resolve } = Promise.withResolvers<Receipt>();
      const forget = world.clock.after(acknowledgeWithinMs, () => {
        resolve({ outcome: 'failed', reason: 'http_timeout', noRetry: false, status: null });
      });
      const { body, type } = serialize(envelope);
      const answered = post(body, type, retryHeaders(envelope)).then(
        (response) => readReceipt(response, world.clock.now() - sentMs),
        (): Receipt => ({ outcome: 'failed', reason: 'connection_failed', noRetry: false, status: null }),
      );
      const receipt = await Promise.race([answered, tooLate]);
      forget();
      if (receipt.outcome === 'failed' && receipt.reason === 'http_timeout') {
        void answered.then(({ outcome }) => {
          if (outcome === 'acknowledged') delivery.lateAfterMs = world.clock.now() - sentMs;
          world.changed();
        });
      }
      return receipt;
    },
    async verify() {
      const challenge = `challenge-${world.nextId('x')}`;
      const body = JSON.stringify({ token: 'verification-token', challenge, type: 'url_verification' });
      const response = await post(body, 'application/json');
      const text = await response.text();
      if (response.status !== 200 || !text.includes(challenge)) {
        throw new Error(`Expected ${options.url} to answer the challenge, got ${response.status} "${text}"`);
      }
    },
  };
}

function serialize({ kind, payload }: Envelope): { body: string; type: string } {
  const form = 'application/x-www-form-urlencoded';
  switch (kind) {
    case 'events_api':
      return { body: JSON.stringify(payload), type: 'application/json' };
    case 'interactive':
      return { body: new URLSearchParams({ payload: JSON.stringify(payload) }).toString(), type: form };
    case 'slash_commands':
      return { body: new URLSearchParams(payload as Record<string, string>).toString(), type: form };
    default:
      return kind satisfies never;
  }
}

function retryHeaders({ retry }: Envelope): Record<string, string> {
  return retry === null ? {} : { 'x-slack-retry-num': String(retry.number), 'x-slack-retry-reason': retry.reason };
}

async function readReceipt(response: Response, afterMs: number): Promise<Receipt> {
  const text = await response.text();
  if (!response.ok) {
    const noRetry = response.headers.get('x-slack-no-retry') === '1';
    return { outcome: 'failed', reason: 'http_error', noRetry, status: response.status };
  }
  const json = response.headers.get('content-type')?.startsWith('application/json') === true;
  return { outcome: 'acknowledged', body: text === '' ? null : json ? (JSON.parse(text) as Json) : text, afterMs };
}
