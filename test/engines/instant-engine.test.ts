import { expect, it } from 'vitest';
import { EngineError } from '../../src/errors.ts';
import { describeImageEngine, quietly, requestFor } from './image-engine-contract.ts';
import { createInstantEngine } from './instant-engine.ts';

describeImageEngine('instant', async () => createInstantEngine());

it('fails as it was told to, once, and draws afterwards', async () => {
  const engine = createInstantEngine({ failures: [new EngineError('gpu_gone', 'The GPU went away.')] });
  await expect(engine.generate(requestFor(engine), quietly())).rejects.toMatchObject({ code: 'gpu_gone' });
  expect((await engine.generate(requestFor(engine), quietly())).pictures).toHaveLength(2);
});

it('stands still while it is held, and an abort still ends it', async () => {
  const engine = createInstantEngine();
  const release = engine.hold();
  const controller = new AbortController();
  const aborted = engine.generate(requestFor(engine), quietly({ signal: controller.signal }));
  const finished = engine.generate(requestFor(engine), quietly());
  expect(engine.running.now).toBe(2);
  controller.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
  release();
  expect((await finished).pictures).toHaveLength(2);
  expect(engine.running).toEqual({ now: 0, most: 2 });
});
