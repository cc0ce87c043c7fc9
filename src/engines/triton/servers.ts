import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { EngineTrouble, ModelDescription } from '../image-engine.ts';
import { createEndpoint, type Endpoint, type EndpointOptions } from './endpoint.ts';
import { tritonLimits } from './limits.ts';
import { missingFrom, offerOf } from './model-offer.ts';
import type { ServerAddress } from './server-address.ts';

/** What the servers have in common. */
export interface ServersOptions extends Omit<EndpointOptions, 'address'> {
  readonly addresses: readonly ServerAddress[];
  /** Called when the models on offer have changed. */
  readonly onOffer: (models: readonly ModelDescription[]) => void;
  readonly logger: Logger;
}

/** All Triton servers of the settings. */
export interface Servers {
  readonly all: readonly Endpoint[];
  /** The models that every server in use can draw; empty until one was seen. */
  offer(): readonly ModelDescription[];
  /** Those that a drawing may go to. */
  usable(): readonly Endpoint[];
  /** The usable one with the fewest requests in its hands, of those not `tried`; null where none has room. */
  leastBusy(tried: ReadonlySet<Endpoint>): Endpoint | null;
  probe(): Promise<void>;
  /** A sentence about each server that is not usable. */
  whyNot(): readonly string[];
  /** Why none is usable. */
  trouble(): Extract<EngineTrouble, 'no_server' | 'server_failing'>;
  close(): void;
}

/** Servers that nothing is known of yet. */
export function createServers(options: ServersOptions): Servers {
  const { logger, random } = options;
  const all = options.addresses.map((address) => createEndpoint({ ...options, address }));
  let offer: readonly ModelDescription[] = [];

  const updateOffer = (): void => {
    const known = all.map((endpoint) => endpoint.models()).filter((models) => models !== null);
    const next = offerOf(offer, known);
    if (isDeepStrictEqual(next, offer)) return;
    offer = next;
    logger.info({ models: offer.map(({ id }) => id) }, 'models on offer');
    options.onOffer(offer);
  };
  const missing = (endpoint: Endpoint) => missingFrom(endpoint.models() ?? [], offer);
  const isUsable = (endpoint: Endpoint) => endpoint.isAvailable() && missing(endpoint).length === 0;

  return {
    all,
    offer: () => offer,
    usable: () => all.filter(isUsable),
    leastBusy(tried) {
      const free = all.filter(
        (endpoint) =>
          isUsable(endpoint) && !tried.has(endpoint) && endpoint.outstanding() < tritonLimits.maxOutstanding,
      );
      const fewest = Math.min(...free.map((endpoint) => endpoint.outstanding()));
      const best = free.filter((endpoint) => endpoint.outstanding() === fewest);
      // Chance decides between equals.
      return best[Math.floor(random() * best.length)] ?? null;
    },
    async probe() {
      await Promise.all(all.map((endpoint) => endpoint.probe().then(updateOffer)));
    },
    whyNot: () =>
      all.flatMap((endpoint) => {
        const { url } = endpoint;
        const status = endpoint.status();
        if (status.state !== 'ready') return [status.detail];
        if (!endpoint.isAvailable()) return [`${url} failed several times and is left alone for a while.`];
        const names = missing(endpoint);
        if (names.length === 0) return [];
        return [`Expected ${url} to have the models of the other servers, got none of ${names.join(', ')}.`];
      }),
    trouble: () => (all.every((endpoint) => endpoint.status().state === 'away') ? 'no_server' : 'server_failing'),
    close() {
      for (const endpoint of all) endpoint.close();
    },
  };
}
