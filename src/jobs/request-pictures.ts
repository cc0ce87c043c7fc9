import type { DrawRequest, PictureKey } from './job.ts';

/** The stored pictures that a request draws from: what it starts from, the mask over that, what it follows. */
export function picturesNeeded({ init, control }: Pick<DrawRequest, 'init' | 'control'>): readonly PictureKey[] {
  const keys = [init?.picture, init?.mask, control?.picture];
  return keys.filter((key) => key !== undefined && key !== null);
}
