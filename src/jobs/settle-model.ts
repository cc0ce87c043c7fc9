import { defaultModelId, type EngineDescription } from '../engines/image-engine.ts';
import type { DrawRequest } from './job.ts';

/**
 * The request as it is drawn. One that was accepted before any model was known named none: it gets the engine's
 * first, and that one's own size where it does not draw the size asked for. All others stay as they are: nobody gets
 * pictures of another model than they asked for.
 */
export function settleModel(request: DrawRequest, { models }: EngineDescription): DrawRequest {
  const [first] = models;
  if (request.model !== defaultModelId || first === undefined || models.some(({ id }) => id === defaultModelId)) {
    return request;
  }
  const { width, height } = request.size;
  const isOffered = first.sizes.some((size) => size.width === width && size.height === height);
  return { ...request, model: first.id, size: isOffered ? request.size : first.defaultSize };
}
