import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A snapshot that is missing fails here as it does in CI, instead of being written from whatever the code says now. -u writes it.
    update: 'none',
    include: ['test/**/*.test.ts'],
    // With system.config.ts.
    exclude: [...configDefaults.exclude, 'test/browser/**', 'test/keychain/**'],
    // More than cores, since many tests wait for time limits; by itself Vitest leaves a core idle.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // Loading everything anew for each file takes longer than many a file's tests.
    isolate: false,
    setupFiles: ['test/support/setup.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
