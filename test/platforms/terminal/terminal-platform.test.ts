import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePng } from '../../../src/images/png.ts';
import type { PictureKey } from '../../../src/jobs/job.ts';
import { createTerminalPlatform } from '../../../src/platforms/terminal/terminal-platform.ts';
import { createInstantEngine } from '../../engines/instant-engine.ts';
import { describeChatPlatform } from '../chat-platform-contract.ts';
import { recordOutput } from './record-output.ts';

describeChatPlatform('the terminal', 'terminal', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quartet-terminal-'));
  const pictures = new Map<PictureKey, Uint8Array>();
  const stdout = recordOutput();
  const stderr = recordOutput();
  const platform = createTerminalPlatform({
    engine: createInstantEngine().describe(),
    readPicture: async (key) => pictures.get(key) ?? null,
    folder,
    stdout,
    stderr,
    environment: {},
  });
  return {
    platform,
    userId: 'terminal',
    async keep(job) {
      const png = await encodePng({ width: 8, height: 8, data: new Uint8Array(192) });
      for (const { key } of job.drawing.pictures) pictures.set(key, png);
    },
    async timesSeen(job) {
      if (job.state === 'failed') return stderr.text().split(job.failure.message).length - 1;
      if (job.state === 'cancelled') return stderr.text().split('Cancelled').length - 1;
      return (await readdir(folder)).length === 2 ? stdout.text().split('0.png').length - 1 : 0;
    },
    dispose: () => rm(folder, { recursive: true }),
  };
});
