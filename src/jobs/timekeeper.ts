import { addMeasurement, type Estimate, estimateKind, estimateMs, type Measurement } from './estimates.ts';
import type { DrawRequest } from './job.ts';
import type { MemoryOfPeopleStore } from './job-store.ts';

/** Knows how long jobs take, from jobs before. */
export interface Timekeeper {
  /** Milliseconds from claim to stored; null when no such job was ever measured. */
  estimate(request: DrawRequest): number | null;
  record(request: DrawRequest, measurement: Measurement): Promise<void>;
  /** Take over what other processes have measured. */
  refresh(): Promise<void>;
}

/** Estimates live in the store, and a copy of them here. */
export function createTimekeeper(store: Pick<MemoryOfPeopleStore, 'estimates' | 'saveEstimate'>): Timekeeper {
  let estimates = new Map<string, Estimate>();
  return {
    estimate: (request) => estimateMs(estimates, request),
    async record(request, measurement) {
      const kind = estimateKind(request);
      const estimate = addMeasurement(estimates.get(kind), measurement);
      estimates.set(kind, estimate);
      await store.saveEstimate(kind, estimate);
    },
    async refresh() {
      estimates = new Map(await store.estimates());
    },
  };
}
