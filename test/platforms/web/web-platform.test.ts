import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobView } from '../../../src/platforms/web/job-view.ts';
import { createInstantEngine } from '../../engines/instant-engine.ts';
import { createMemoryJobStore } from '../../store/memory-job-store.ts';
import { describeChatPlatform } from '../chat-platform-contract.ts';
import { openPlayground } from './open-playground.ts';
import { openViewer } from './viewer-client.ts';

describeChatPlatform('the playground', 'web', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quartet-web-'));
  const playground = await openPlayground({ engine: createInstantEngine(), store: createMemoryJobStore(), folder });
  const viewer = await openViewer(playground.url);
  // A page keeps one message a job, whatever it is told about it: so many distinct ones does it show.
  const shown = new Map<string, Set<string>>();
  const listening = (async () => {
    for await (const { event, data } of viewer.events()) {
      if (event !== 'job') continue;
      const { id, state } = data as JobView;
      if (state !== 'queued' && state !== 'drawing') shown.set(id, (shown.get(id) ?? new Set()).add(`${id} ${state}`));
    }
  })().catch(() => undefined);
  const firstEvent = await viewer.eventsUntil(() => true);
  if (firstEvent.length === 0) throw new Error('the event stream gave nothing');
  return {
    platform: playground.platform,
    userId: viewer.userId,
    keep: async () => undefined,
    async timesSeen(job) {
      while (!shown.has(job.id)) await new Promise((resolve) => setImmediate(resolve));
      return shown.get(job.id)?.size ?? 0;
    },
    async dispose() {
      viewer.close();
      await listening;
      await playground.close();
      await rm(folder, { recursive: true });
    },
  };
});
