import { findChannel } from '../access.ts';
import { findMessage } from '../messages.ts';
import { Refusal } from '../refusal.ts';
import type { Method } from './method.ts';

const mostLoadingMessages = 10;

/** assistant.threads.setStatus */
export const assistantMethods = {
  'assistant.threads.setStatus': {
    tier: 'special',
    scopes: ['chat:write', 'assistant:write'],
    run({ platform, team, args }) {
      const { world } = platform;
      const channel = findChannel(world, team, args.required('channel_id'));
      if (!channel.members.has(team.botUser)) throw new Refusal('not_in_channel');
      const threadTs = args.required('thread_ts');
      const parent = findMessage(channel, threadTs);
      if (parent === null || parent.threadTs !== null) throw new Refusal('invalid_thread_ts');
      const loadingMessages = args.json('loading_messages', 'invalid_arguments') ?? [];
      const list = Array.isArray(loadingMessages) && loadingMessages.every((text) => typeof text === 'string');
      if (!list || loadingMessages.length > mostLoadingMessages) throw new Refusal('invalid_arguments');
      const status = args.text('status') ?? '';
      world.statuses.push({ channel: channel.id, threadTs, status, loadingMessages, atMs: world.clock.now() });
      world.changed();
      return {};
    },
  },
} as const satisfies Record<string, Method>;
