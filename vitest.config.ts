import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Real databases, browsers and models share two cores: side by side they only starve each other.
    maxWorkers: 2,
  },
});
