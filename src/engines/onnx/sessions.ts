import { join } from 'node:path';
import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-node';
import { EngineError } from '../../errors.ts';
import type { PictureSize } from '../image-engine.ts';
import { modelFiles, unusable } from './pipeline-folder.ts';

type Part = keyof typeof modelFiles;

/** What each model takes and gives. */
const tensorNames = {
  textEncoder: { inputs: ['input_ids'], output: 'last_hidden_state' },
  unet: { inputs: ['sample', 'timestep', 'encoder_hidden_states'], output: 'out_sample' },
  vaeDecoder: { inputs: ['latent_sample'], output: 'sample' },
  vaeEncoder: { inputs: ['sample'], output: 'latent_sample' },
} as const satisfies Record<Part, { inputs: readonly string[]; output: string }>;

/** A float32 tensor as it goes between the models: row-major data and its shape. */
export interface FloatTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** The four models of a pipeline, opened. Each call checks the shape of what the model gave. */
export interface Sessions {
  /** A picture size that the models take, the smaller the better: for trying them out. */
  readonly smallestSize: PictureSize;
  /** Ids of `rows` prompts, all of one length -> states `[rows, length, width]`. */
  encodeText(ids: readonly (readonly number[])[]): Promise<FloatTensor>;
  /** One timestep for the whole batch -> the model's output, shaped like `sample`. */
  denoise(sample: FloatTensor, timestep: number, states: FloatTensor): Promise<FloatTensor>;
  /** Latents `[n, 4, h, w]` (divided by the scaling factor) -> pictures `[n, 3, 8h, 8w]` from -1 to 1. */
  decode(latents: FloatTensor): Promise<FloatTensor>;
  /** The reverse: pictures -> unscaled latents. */
  encode(pictures: FloatTensor): Promise<FloatTensor>;
}

interface Runtime {
  readonly InferenceSession: {
    create(path: string, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

/** Opens the models of a folder, or throws a `ConfigError` that names the file. */
export async function openSessions(dir: string, options: { readonly threads: number }): Promise<Sessions> {
  const runtime = await loadRuntime();
  const settings: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
    // Threads that sleep between operators are late back when anything else runs: measured on 2 cores, twice the time
    // beside another busy process and a tenth more without one. Chat is not slowed, as it has the higher priority.
    extra: { 'session.intra_op.allow_spinning': '1' },
  };
  const open = (part: Part) => openModel(runtime, dir, part, settings);
  const textEncoder = await open('textEncoder');
  const unet = await open('unet');
  const vaeDecoder = await open('vaeDecoder');
  const vaeEncoder = await open('vaeEncoder');
  const toTimestep = timestepMaker(runtime, unet, join(dir, modelFiles.unet));
  const toTensor = ({ data, shape }: FloatTensor) => new runtime.Tensor('float32', data, shape);

  return {
    smallestSize: smallestSizeOf(unet),
    async encodeText(rows) {
      const shape = [rows.length, rows[0]?.length ?? 0];
      const input = new runtime.Tensor('int64', BigInt64Array.from(rows.flat(), BigInt), shape);
      return run('textEncoder', textEncoder, { input_ids: input }, [...shape, null]);
    },
    async denoise(sample, timestep, states) {
      const feeds = {
        sample: toTensor(sample),
        timestep: toTimestep(timestep, sample.shape[0] ?? 1),
        encoder_hidden_states: toTensor(states),
      };
      return run('unet', unet, feeds, sample.shape);
    },
    async decode(latents) {
      const [n = 0, , height = 0, width = 0] = latents.shape;
      return run('vaeDecoder', vaeDecoder, { latent_sample: toTensor(latents) }, [n, 3, height * 8, width * 8]);
    },
    async encode(pictures) {
      const [n = 0, , height = 0, width = 0] = pictures.shape;
      return run('vaeEncoder', vaeEncoder, { sample: toTensor(pictures) }, [n, 4, height / 8, width / 8]);
    },
  };
}

/** 64x64 pixels unless the UNet was exported for one size only. */
function smallestSizeOf(unet: InferenceSession): PictureSize {
  const sample = unet.inputMetadata.find(({ name }) => name === 'sample');
  const [, , height, width] = sample?.isTensor ? sample.shape : [];
  const pixels = (latents: number | string | undefined) =>
    (typeof latents === 'number' && latents > 0 ? latents : 8) * 8;
  return { width: pixels(width), height: pixels(height) };
}

/** Heavy, and native: loaded where it runs only. */
async function loadRuntime(): Promise<Runtime> {
  try {
    const { InferenceSession, Tensor } = await import('onnxruntime-node');
    return { InferenceSession, Tensor };
  } catch (error) {
    const problem = 'onnxruntime-node could not be loaded; run `npm install` on this machine, or set TRITON_URLS.';
    throw new EngineError('engine_unavailable', problem, { cause: error });
  }
}

async function openModel(
  runtime: Runtime,
  dir: string,
  part: Part,
  settings: InferenceSession.SessionOptions,
): Promise<InferenceSession> {
  const path = join(dir, modelFiles[part]);
  const expected = tensorNames[part];
  let session: InferenceSession;
  try {
    session = await runtime.InferenceSession.create(path, settings);
  } catch (error) {
    const detail = firstLine(error);
    throw unusable(`${path} is not a complete ONNX model (${detail}); copy it again, or export the model.`);
  }
  const lacking = expected.inputs.filter((name) => !session.inputNames.includes(name));
  const extra = session.inputNames.filter((name) => !expected.inputs.some((input) => input === name));
  if (lacking.length > 0 || extra.length > 0 || !session.outputNames.includes(expected.output)) {
    const wanted = `${expected.inputs.join(', ')} -> ${expected.output}`;
    const got = `${session.inputNames.join(', ')} -> ${session.outputNames.join(', ')}`;
    throw unusable(`Expected ${path} to be a model ${wanted}, got ${got}; export the model with these tensor names.`);
  }
  return session;
}

/** Exporters disagree about the timestep: float32 or int64, one for the batch or one each. */
function timestepMaker(runtime: Runtime, unet: InferenceSession, path: string) {
  const input = unet.inputMetadata.find(({ name }) => name === 'timestep');
  if (!input?.isTensor || (input.type !== 'float32' && input.type !== 'int64')) {
    const got = input?.isTensor ? input.type : 'no tensor';
    throw unusable(`Expected the input \`timestep\` of ${path} to be float32 or int64, got ${got}; export it again.`);
  }
  const { type, shape } = input;
  return (timestep: number, batch: number): Tensor => {
    const length = shape.length === 0 || shape[0] === 1 ? 1 : batch;
    const data =
      type === 'int64' ? new BigInt64Array(length).fill(BigInt(timestep)) : new Float32Array(length).fill(timestep);
    return new runtime.Tensor(type, data, shape.length === 0 ? [] : [length]);
  };
}

/** `null` in `shape` stands for any length. */
async function run(
  part: Part,
  session: InferenceSession,
  feeds: Record<string, Tensor>,
  shape: readonly (number | null)[],
): Promise<FloatTensor> {
  const name = tensorNames[part].output;
  const outputs = await session.run(feeds, [name]).catch((error: unknown) => {
    const problem = `${modelFiles[part]} failed: ${firstLine(error)}`;
    throw new EngineError('model_failed', problem, { cause: error });
  });
  const output = outputs[name];
  if (!(output?.data instanceof Float32Array)) {
    const got = output?.type ?? 'nothing';
    throw new EngineError('model_failed', `Expected ${modelFiles[part]} to give float32, got ${got}.`);
  }
  if (
    output.dims.length !== shape.length ||
    shape.some((length, at) => length !== null && length !== output.dims[at])
  ) {
    const expected = shape.map((length) => length ?? 'any').join(', ');
    const got = output.dims.join(', ');
    throw new EngineError('model_failed', `Expected ${modelFiles[part]} to give [${expected}], got [${got}].`);
  }
  return { data: output.data, shape: output.dims };
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n')[0] ?? '').slice(0, 160);
}
