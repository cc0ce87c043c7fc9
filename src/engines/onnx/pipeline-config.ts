import { z } from 'zod';
import { schedulerNames } from '../image-engine.ts';

const pixels = z.int().min(8).max(4096).multipleOf(8);
const heightAndWidth = z.tuple([pixels, pixels]);
const words = z.array(z.string());

/** What `pipeline.json` says about the models beside it. Sizes are `[height, width]`. */
export const pipelineConfigSchema = z
  .object({
    format: z.literal(1),
    name: z.string().min(1),
    description: z.string().default(''),
    license: z.string().default(''),
    max_tokens: z.int().min(3).max(1024),
    bos_token_id: z.int().min(0),
    eos_token_id: z.int().min(0),
    pad_token_id: z.int().min(0),
    latent_channels: z.literal(4),
    downscale: z.literal(8),
    scaling_factor: z.number().positive(),
    prediction_type: z.enum(['epsilon', 'v_prediction']),
    num_train_timesteps: z.int().min(200).max(10_000),
    beta_schedule: z.enum(['scaled_linear', 'linear']),
    beta_start: z.number().positive().max(0.5),
    beta_end: z.number().positive().max(0.5),
    timestep_spacing: z.enum(['leading', 'trailing']),
    rescale_betas_zero_snr: z.boolean().default(false),
    steps_offset: z.int().min(0).max(10),
    default_scheduler: z.enum(schedulerNames),
    default_steps: z.int().min(1).max(150),
    default_guidance_scale: z.number().min(0).max(30),
    default_size: heightAndWidth,
    sizes: z.array(heightAndWidth).min(1).max(32),
    /** Latents (times the scaling factor) to red, green and blue from 0 to 1, for previews. */
    latent_rgb: z.object({
      weights: z.array(z.tuple([z.number(), z.number(), z.number()])).length(4),
      bias: z.tuple([z.number(), z.number(), z.number()]),
    }),
    enlarge: z
      .object({ factor: z.int().min(2).max(4), strength: z.number().positive().max(1) })
      .nullable()
      .default(null),
    /** By group: the words, or each thing with all the words for it. */
    vocabulary: z
      .record(z.string(), z.union([words, z.record(z.string(), words)]))
      .nullable()
      .default(null),
  })
  .refine(({ rescale_betas_zero_snr: endsInNoise, prediction_type: type }) => !endsInNoise || type === 'v_prediction', {
    // From pure noise, predicted noise says nothing of the picture.
    message: 'expected v_prediction where rescale_betas_zero_snr is true',
    path: ['prediction_type'],
  });

export type PipelineConfig = z.infer<typeof pipelineConfigSchema>;

/** What people are told that the model can draw, by group; null for a model without a closed vocabulary. */
export function thingsToDraw({ vocabulary }: PipelineConfig): Readonly<Record<string, readonly string[]>> | null {
  if (vocabulary === null) return null;
  const groups = Object.entries(vocabulary).map(([group, things]) => {
    const names = Array.isArray(things) ? things : Object.keys(things);
    return [group, names.filter((name) => name !== '')] as const;
  });
  return Object.fromEntries(groups.filter(([, names]) => names.length > 0));
}

/** Every word that the model was trained on, synonyms included; null as above. */
export function knownWords({ vocabulary }: PipelineConfig): Readonly<Record<string, readonly string[]>> | null {
  if (vocabulary === null) return null;
  return Object.fromEntries(
    Object.entries(vocabulary).map(([group, things]) => [
      group,
      Array.isArray(things) ? things : Object.entries(things).flat(2),
    ]),
  );
}
