import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

/** What `npm run test:quick` leaves out: each takes more than five seconds in one test, so that no part of it would do. */
export const slow = ['test/slow/**'];

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
    // Against hanging only: no test fails because the machine has other things to do.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
