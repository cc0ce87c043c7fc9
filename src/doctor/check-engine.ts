import type { ImageEngine } from '../engines/image-engine.ts';
import type { Finding } from './finding.ts';

/** Opens what draws, asks how it is, and closes it again. */
export async function checkEngine(open: () => Promise<ImageEngine>): Promise<readonly Finding[]> {
  const engine = await open();
  try {
    const { ready, detail } = await engine.health();
    const { name, models } = engine.describe();
    const titles = models.map(({ title }) => title).join(', ');
    return [
      { state: ready ? 'good' : 'bad', what: `${name}: ${detail}`, advice: null },
      {
        state: 'good',
        what: `It offers ${models.length === 1 ? 'one model' : `${models.length} models`}: ${titles}.`,
        advice: null,
      },
    ];
  } finally {
    await engine.close();
  }
}
