import type { Logger } from 'pino';
import type { CommandServices, OptionValue } from '../../../commands/define-command.ts';
import { describeError } from '../../../commands/describe-error.ts';
import { dispatch } from '../../../commands/index.ts';
import { InvalidRequestError } from '../../errors.ts';
import { type Messages, messagesFor } from '../../messages/messages.ts';
import { type SlackMessages, slackMessagesFor } from '../../messages/slack.ts';
import type { Answers, Asker } from './answers.ts';
import { renderText } from './blocks.ts';
import { toDeliveryError } from './errors.ts';
import type { People } from './people.ts';
import { type Place, toReplyTo } from './place.ts';
import type { Workspaces } from './workspaces.ts';

/** Somebody did something that may ask for something; plain data out of the event. */
export interface Asked {
  readonly place: Place;
  readonly userId: string;
  readonly nameHint: string | null;
  readonly responseUrl: string | null;
  /** The message whose button was pressed. */
  readonly pressed: string | null;
  /** Of the event: the same again is one job. */
  readonly key: string;
}

/** What reading an event may need to know. */
export interface Reading extends Asker {
  readonly messages: Messages;
  readonly say: SlackMessages;
}

/** A command and its raw options. */
export interface Wish {
  readonly command: string;
  readonly options: Readonly<Record<string, OptionValue>>;
}

export interface InvokerOptions {
  readonly services: CommandServices;
  readonly workspaces: Workspaces;
  readonly people: People;
  readonly answers: Answers;
  /** Channels in which the bot draws; empty for all. */
  readonly channels: readonly string[];
  readonly logger: Logger;
}

/** Runs what people ask for; all that an event handler does after it confirmed the event. */
export interface Invoker {
  /** `read` finds out what is wished for; null ends it. What it throws, the asker is told. Never throws. */
  invoke(asked: Asked, read: (reading: Reading) => Promise<Wish | null> | Wish | null): Promise<void>;
  /** The same for what asks for nothing yet, so that it may be done anywhere. Never throws. */
  open(asked: Asked, act: (reading: Reading) => Promise<void>): Promise<void>;
}

export function createInvoker(options: InvokerOptions): Invoker {
  const { services, workspaces, people, answers, channels, logger } = options;

  /** Finds out who asks, and tells them what goes wrong. */
  async function withReading({ place, userId, nameHint, ...asked }: Asked, act: (reading: Reading) => Promise<void>) {
    try {
      const workspace = await workspaces.of(place.team);
      const requester = await people.requesterOf(place.team, userId, nameHint);
      const messages = messagesFor(requester.locale);
      const say = slackMessagesFor(requester.locale);
      const { responseUrl, pressed } = asked;
      const reading: Reading = { workspace, requester, place, responseUrl, pressed, messages, say };
      await act(reading).catch((error: unknown) => {
        if (!(error instanceof InvalidRequestError)) logger.error({ err: error }, 'a request on Slack failed');
        return answers.privately(renderText(describeError(error, messages)), reading);
      });
    } catch (error) {
      // Without a token there is nobody to speak for.
      logger.error({ err: toDeliveryError(error), team: place.team }, 'an event of Slack could not be answered');
    }
  }

  return {
    open: withReading,
    invoke: (asked, read) =>
      withReading(asked, async (reading) => {
        const { key } = asked;
        const { say, requester } = reading;
        const place = await conversationOf(reading);
        if (channels.length > 0 && !channels.includes(place.channel)) {
          throw new InvalidRequestError('not_here', say.refusal.notHere);
        }
        const wish = await read({ ...reading, place });
        if (wish === null) return;
        const invocation = { ...wish, requester, replyTo: toReplyTo(place), idempotencyKey: key };
        await answers.show(await dispatch(invocation, services), { ...reading, place });
      }),
  };
}

/** A person stands for the conversation with them: the home tab and forms are in no channel. */
async function conversationOf({ workspace, place }: Reading): Promise<Place> {
  if (!/^[UW]/u.test(place.channel)) return place;
  const { channel } = await workspace.write.conversations.open({ users: place.channel });
  return { ...place, channel: channel?.id ?? place.channel };
}
