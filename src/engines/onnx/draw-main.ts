/** The drawing process: opens a pipeline folder, then draws one request after another until its parent goes. */
import { setPriority } from 'node:os';
import { ConfigError, QuartetError } from '../../errors.ts';
import type { GenerateRequest } from '../image-engine.ts';
import { draw, type Pipeline } from './draw.ts';
import type { FromDrawingProcess, PlainError, ToDrawingProcess } from './messages.ts';
import { describeModel, readPipelineFolder, unusable } from './pipeline-folder.ts';
import { createPromptEncoder } from './prompt-tokens.ts';
import { openSessions } from './sessions.ts';

const clock = () => performance.now();
const running = new Map<number, AbortController>();
let pipeline: Promise<Pipeline> | null = null;
let line: Promise<void> = Promise.resolve();

/** All cores are busy while it draws: chat, which needs little, goes first. Beyond this, others would starve it. */
const niceness = 5;

setPriority(niceness);
// Ctrl-C reaches every process of a terminal. The parent decides when drawing ends, and its end ends this process.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.on('message', (message: ToDrawingProcess) => {
  switch (message.type) {
    case 'open':
      pipeline = open(message.modelDir, message.threads);
      break;
    case 'draw': {
      const controller = new AbortController();
      running.set(message.id, controller);
      line = line.then(() => drawOne(message.id, message.request, controller.signal));
      break;
    }
    case 'cancel':
      running.get(message.id)?.abort(new QuartetError('cancelled', 'The drawing was cancelled.'));
      break;
    default:
      message satisfies never;
  }
});

async function open(modelDir: string, threads: number): Promise<Pipeline> {
  const begun = clock();
  try {
    const folder = await readPipelineFolder(modelDir);
    const encodePrompt = createPromptEncoder(folder.tokenizer, folder.config);
    const sessions = await openSessions(folder.dir, { threads });
    const opened = { config: folder.config, sessions, encodePrompt };
    await tryOut(opened, folder.dir);
    send({ type: 'ready', model: describeModel(folder.config), openMs: clock() - begun });
    return opened;
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : [toPlainError(error).message];
    send({ type: 'refused', problems });
    return new Promise<Pipeline>(() => {});
  }
}

/** Models that open one by one may still not fit together; better told at the start than to whoever asks first. */
async function tryOut(opened: Pipeline, dir: string): Promise<void> {
  const size = opened.sessions.smallestSize;
  const picture = { ...size, data: new Uint8Array(size.width * size.height * 3).fill(128) };
  const request: GenerateRequest = {
    prompt: 'a',
    negativePrompt: '',
    seeds: [0],
    steps: 1,
    guidanceScale: 2,
    scheduler: 'ddim',
    size,
    model: '',
    speed: 'exact',
    init: { picture, strength: 1 },
    previewEvery: 0,
  };
  const options = { signal: new AbortController().signal, onProgress: () => {}, clock };
  await draw(opened, request, options).catch((error: unknown) => {
    const { message } = toPlainError(error);
    throw unusable(`The models in ${dir} do not work together (${message}); export the model again.`);
  });
}

async function drawOne(id: number, request: GenerateRequest, signal: AbortSignal): Promise<void> {
  try {
    signal.throwIfAborted();
    if (pipeline === null) throw new QuartetError('engine_unavailable', 'Expected a pipeline to be opened first.');
    const onProgress = (progress: GenerateProgress) => send({ type: 'progress', id, progress });
    const result = await draw(await pipeline, request, { signal, onProgress, clock });
    send({ type: 'done', id, result });
  } catch (error) {
    send({ type: 'failed', id, error: toPlainError(error) });
  } finally {
    running.delete(id);
  }
}

type GenerateProgress = Extract<FromDrawingProcess, { type: 'progress' }>['progress'];

function toPlainError(error: unknown): PlainError {
  if (error instanceof QuartetError) return { code: error.code, message: error.message, retryable: error.retryable };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'engine_failed', message, retryable: false };
}

function send(message: FromDrawingProcess): void {
  if (process.connected) process.send?.(message);
}
