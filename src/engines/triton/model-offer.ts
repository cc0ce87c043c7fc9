import { controlKinds, type ModelDescription, speedNames } from '../image-engine.ts';

/**
 * What people are offered, because every server that is used can draw it: what the servers have in common, and what
 * was offered before as long as one server has it. A server that lacks something on offer is not used meanwhile.
 * So a model that is added to one server after the other is offered once it is everywhere, and one that is taken
 * away from one after the other goes with the last.
 */
export function offerOf(
  before: readonly ModelDescription[],
  servers: readonly (readonly ModelDescription[])[],
): readonly ModelDescription[] {
  // The first model is the default one: the order is that of a server in use.
  const inUseFirst = servers.toSorted((a, b) => missingFrom(a, before).length - missingFrom(b, before).length);
  const all = new Map<string, ModelDescription>();
  for (const model of inUseFirst.flat()) {
    const known = all.get(model.id);
    all.set(model.id, known === undefined ? model : inCommon(known, model));
  }
  const offered = [...all.values()].filter(
    ({ id }) => before.some((model) => model.id === id) || servers.every((models) => !lacks(models, id)),
  );
  if (offered.length > 0) return offered;
  return inUseFirst[0] ?? before;
}

/** The model as the first server describes it, with the abilities that it has on both. */
function inCommon(first: ModelDescription, second: ModelDescription): ModelDescription {
  return {
    ...first,
    canStartFromPicture: first.canStartFromPicture && second.canStartFromPicture,
    canPaintWithin: first.canPaintWithin && second.canPaintWithin,
    controls: controlKinds.filter((kind) => first.controls.includes(kind) && second.controls.includes(kind)),
    loraScale: second.loraScale === null ? null : first.loraScale,
    speeds: speedNames.filter((name) => first.speeds.includes(name) && second.speeds.includes(name)),
    // One that looks is enough: what may be withheld must not be shown half-drawn.
    safetyChecker: first.safetyChecker || second.safetyChecker,
    enlarge: second.enlarge === null ? null : first.enlarge,
  };
}

/** The ids on offer that these models are without. */
export function missingFrom(
  models: readonly ModelDescription[],
  offer: readonly ModelDescription[],
): readonly string[] {
  return offer.map(({ id }) => id).filter((id) => lacks(models, id));
}

function lacks(models: readonly ModelDescription[], id: string): boolean {
  return !models.some((model) => model.id === id);
}
