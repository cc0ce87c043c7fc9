import type { ModelDescription } from '../image-engine.ts';

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
  for (const model of inUseFirst.flat()) if (!all.has(model.id)) all.set(model.id, model);
  const offered = [...all.values()].filter(
    ({ id }) => before.some((model) => model.id === id) || servers.every((models) => !lacks(models, id)),
  );
  if (offered.length > 0) return offered;
  return inUseFirst[0] ?? before;
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
