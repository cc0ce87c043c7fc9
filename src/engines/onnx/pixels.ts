import type { PictureSize, RgbPicture } from '../image-engine.ts';
import type { PipelineConfig } from './pipeline-config.ts';
import type { FloatTensor } from './sessions.ts';

/** One decoded picture `[1, 3, h, w]` from -1 to 1, to interleaved 8-bit RGB. */
export function toPicture({ data }: FloatTensor, { width, height }: PictureSize): RgbPicture {
  const plane = width * height;
  // A clamped array rounds and clamps as it is written to.
  const pixels = new Uint8ClampedArray(plane * 3);
  for (let channel = 0; channel < 3; channel++) {
    const from = channel * plane;
    for (let at = 0; at < plane; at++) pixels[at * 3 + channel] = ((data[from + at] ?? 0) + 1) * 127.5;
  }
  return { width, height, data: new Uint8Array(pixels.buffer) };
}

/** The reverse of `toPicture`. */
export function fromPicture({ width, height, data }: RgbPicture): FloatTensor {
  const plane = width * height;
  const values = new Float32Array(plane * 3);
  for (let channel = 0; channel < 3; channel++) {
    const to = channel * plane;
    for (let at = 0; at < plane; at++) values[to + at] = (data[at * 3 + channel] ?? 0) / 127.5 - 1;
  }
  return { data: values, shape: [1, 3, height, width] };
}

/** A small picture straight from the latents of one picture (`[4, height, width]`, scaled), by a linear map. */
export function toPreview(
  latents: Float32Array,
  { width, height }: PictureSize,
  { weights, bias }: PipelineConfig['latent_rgb'],
): RgbPicture {
  const plane = width * height;
  const pixels = new Uint8ClampedArray(plane * 3);
  for (let channel = 0; channel < 3; channel++) {
    for (let at = 0; at < plane; at++) {
      let value = bias[channel] ?? 0;
      for (let latent = 0; latent < weights.length; latent++) {
        value += (weights[latent]?.[channel] ?? 0) * (latents[latent * plane + at] ?? 0);
      }
      pixels[at * 3 + channel] = value * 255;
    }
  }
  return { width, height, data: new Uint8Array(pixels.buffer) };
}
