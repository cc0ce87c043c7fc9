import { describeJobStore } from './job-store-contract.ts';
import { createMemoryJobStore } from './memory-job-store.ts';

describeJobStore('memory', { open: async () => createMemoryJobStore(), close: async () => undefined });
