import { z } from 'zod';
import type { ModelConfig, ModelMetadataResponse } from '../../../proto/gen/inference_pb.ts';
import {
  controlKinds,
  defaultModelId,
  engineLimits,
  type ModelDescription,
  schedulerNames,
  speedNames,
} from '../image-engine.ts';
import { inputNames } from './model-contract.ts';

/** The parameter of config.pbtxt that tells what Triton's metadata cannot: `{"models": [{"id": ...}, ...]}`. */
export const descriptionParameter = 'quartet_description';

const pixels = z.int().min(8).max(4096).multipleOf(8);
const pictureSize = z.object({ width: pixels, height: pixels });
const wordGroups = z.record(z.string(), z.array(z.string()));
const square = { width: 512, height: 512 };

/** Of a list, what we have a word for: a newer server may do more than we know how to ask for. */
const knownOf = <Name extends string>(names: readonly Name[]) =>
  z
    .array(z.unknown())
    .catch([])
    .transform((listed): readonly Name[] => names.filter((name) => listed.includes(name)));

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
    // What came later to the contract: a slip in it costs that ability, not the server.
    canPaintWithin: z.boolean().catch(false),
    controls: knownOf(controlKinds),
    loraScale: z.number().min(0).max(engineLimits.maxLoraScale).nullable().catch(null),
    speeds: knownOf(speedNames).transform((speeds) =>
      speedNames.filter((name) => name === 'exact' || speeds.includes(name)),
    ),
    safetyChecker: z.boolean().catch(false),
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
  const inputs = inputNames(metadata);
  const models = parsed.data.models.map((model) => withinReach(model, inputs));
  if (models.length > 1 && !inputs.has('model')) {
    return { models: [], problems: [`Expected input \`model\`, because ${models.length} models are described.`] };
  }
  return { models, problems: [] };
}

/** What the model can do and its server can be asked for: an older server lacks the inputs of newer abilities. */
function withinReach(model: ModelDescription, inputs: ReadonlySet<string>): ModelDescription {
  const canStartFromPicture = model.canStartFromPicture && inputs.has('init_image') && inputs.has('strength');
  const namesControl = inputs.has('control') || model.controls.length < 2;
  return {
    ...model,
    canStartFromPicture,
    canPaintWithin: model.canPaintWithin && canStartFromPicture && inputs.has('mask'),
    controls: inputs.has('control_image') && inputs.has('control_scale') && namesControl ? model.controls : [],
    loraScale: inputs.has('lora_scale') ? model.loraScale : null,
    speeds: inputs.has('speed') ? model.speeds : ['exact'],
    enlarge: canStartFromPicture ? model.enlarge : null,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 100);
  }
}
