import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

/** Files that `npm run test:quick` omits completely, because one of their tests takes more than five seconds. */
export const slow = ['test/slow/**'];

export default defineConfig({
  test: {
    // A missing snapshot fails the test here, as in CI, and is not written. -u writes it.
    update: 'none',
    include: ['test/**/*.test.ts'],
    // system.config.ts runs these.
    exclude: [...configDefaults.exclude, 'test/browser/**', 'test/keychain/**'],
    // More workers than cores, because many tests wait for time limits. Vitest's default leaves one core idle.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    // Loading all modules again for each file takes longer than the tests of many files.
    isolate: false,
    setupFiles: ['test/support/setup.ts'],
    // Long limits that only end a hanging test: a busy machine must not fail a test.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
