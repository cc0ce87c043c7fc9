/** How a model was trained to be noised; the fields of `pipeline.json`. */
export interface NoiseScheduleOptions {
  readonly trainTimesteps: number;
  readonly betaStart: number;
  readonly betaEnd: number;
  /** `scaled_linear` is linear in the square root, as Stable Diffusion was trained. */
  readonly betaSchedule: 'linear' | 'scaled_linear';
  /** Whether the last timestep is nothing but noise (Lin et al. 2023, algorithm 1). */
  readonly rescaleBetasZeroSnr: boolean;
}

/** A noised latent at one timestep is `alpha * clean + sigma * noise`, with `alpha^2 + sigma^2 = 1`. */
export interface NoiseLevel {
  readonly alpha: number;
  readonly sigma: number;
}

/** The level of a picture without noise. */
export const clean: NoiseLevel = { alpha: 1, sigma: 0 };

/**
 * In place of pure noise, where a scheduler divides by its signal or takes the logarithm; diffusers' value.
 */
export const almostNoise: NoiseLevel = { alpha: 2 ** -12, sigma: Math.sqrt(1 - 2 ** -24) };

/** The level at each training timestep, computed in float64. */
export function noiseLevels(options: NoiseScheduleOptions): readonly NoiseLevel[] {
  const { trainTimesteps, betaStart, betaEnd, betaSchedule, rescaleBetasZeroSnr } = options;
  const bend = betaSchedule === 'scaled_linear' ? 2 : 1;
  const from = betaStart ** (1 / bend);
  const to = betaEnd ** (1 / bend);
  let kept = 1;
  const alphas = Array.from({ length: trainTimesteps }, (_, timestep) => {
    kept *= 1 - (from + ((to - from) * timestep) / Math.max(1, trainTimesteps - 1)) ** bend;
    return Math.sqrt(kept);
  });
  const [first = 1] = alphas;
  const last = Math.sqrt(kept);
  const rescale = (alpha: number) => (rescaleBetasZeroSnr ? ((alpha - last) * first) / (first - last) : alpha);
  return alphas.map(rescale).map((alpha) => ({ alpha, sigma: Math.sqrt(1 - alpha ** 2) }));
}

/** Half the logarithm of the signal-to-noise ratio: infinite for a clean picture. */
export function logSignalToNoise({ alpha, sigma }: NoiseLevel): number {
  return Math.log(alpha) - Math.log(sigma);
}
