import { createMemoryJobStore } from './memory-job-store.ts';
import { describeJobStore } from './job-store-contract.ts';

describeJobStore('memory', { open: async () => createMemoryJobStore(), close: async () => undefined });
