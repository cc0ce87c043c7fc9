import { z } from 'zod';
import type { ModelConfig, ModelMetadataResponse } from '../../../proto/gen/inference_pb.ts';
import { defaultModelId, type ModelDescription, schedulerNames } from '../image-engine.ts';
import { hasInput } from './model-contract.ts';

/** The parameter of config.pbtxt that tells what Triton's metadata cannot: `{"models": [{"id": ...}, ...]}`. */
export const descriptionParameter = 'quartet_description';

const pixels = z.int().min(8).max(4096).multipleOf(8);
const pictureSize = z.object({ width: pixels, height: pixels });
const wordGroups = z.record(z.string(), z.array(z.string()));
const square = { width: 512, height: 512 };

/** What is left out is as in Stable Diffusion 1.5. */
const modelSchema = z
  .object({
    id: z.string().min(1).max(100),
    title: z.string().min(1).optional(),
    description: z.string().default(''),
    sizes: z.array(pictureSize).min(1).max(32).default([square]),
    defaultSize: pictureSize.default(square),
    defaultSteps: z.int().min(1).max(150).default(50),
    defaultGuidanceScale: z.number().min(0).max(30).default(7.5),
    defaultScheduler: z.enum(schedulerNames).default('ddim'),
    canStartFromPicture: z.boolean().default(true),
    enlarge: z
      .object({ factor: z.int().min(2).max(4), strength: z.number().positive().max(1) })
      .nullable()
      .default(null),
    vocabulary: wordGroups.nullable().default(null),
    knownWords: wordGroups.optional(),
  })
  .refine(
    ({ sizes, defaultSize }) =>
      sizes.some(({ width, height }) => width === defaultSize.width && height === defaultSize.height),
    'expected `defaultSize` to be one of `sizes`',
  )
  .transform(({ title, knownWords, ...model }): ModelDescription => {
    return { ...model, title: title ?? model.id, ...(knownWords && { knownWords }) };
  });

/** Models as JSON. */
export const describedModels = z.array(modelSchema).min(1).max(500);
const descriptionSchema = z.object({ models: describedModels });

/** Stands for the model of a server that was never seen: Stable Diffusion 1.5 is the likeliest. */
export const unseenModel: ModelDescription = modelSchema.parse({
  id: defaultModelId,
  title: 'The default model',
  description: 'No Triton server has told yet what it can draw.',
});

/** What a model can do, and what is wrong with how it says so. */
export interface DescribedModels {
  readonly models: readonly ModelDescription[];
  readonly problems: readonly string[];
}

/** The models of one Triton model: as its config describes them, or one as of Stable Diffusion 1.5. */
export function describeModels(
  tritonModel: string,
  metadata: ModelMetadataResponse,
  config: ModelConfig | null,
): DescribedModels {
  const text = config?.parameters[descriptionParameter]?.stringValue;
  const parsed = descriptionSchema.safeParse(text === undefined ? { models: [{ id: tritonModel }] } : parseJson(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.length ? ` at ${issue.path.join('.')}` : '';
    const problem = `Expected parameter \`${descriptionParameter}\` to describe the models${where}, got: ${issue?.message}.`;
    return { models: [], problems: [problem] };
  }
  const takesPicture = hasInput(metadata, 'init_image') && hasInput(metadata, 'strength');
  const models = parsed.data.models.map((model): ModelDescription => {
    const canStartFromPicture = takesPicture && model.canStartFromPicture;
    return { ...model, canStartFromPicture, enlarge: canStartFromPicture ? model.enlarge : null };
  });
  if (models.length > 1 && !hasInput(metadata, 'model')) {
    return { models: [], problems: [`Expected input \`model\`, because ${models.length} models are described.`] };
  }
  return { models, problems: [] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 100);
  }
}
