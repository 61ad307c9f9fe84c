import { defineConfig } from 'vitest/config';

/** Tests that need programs which npm does not install: a browser, a keychain. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts', 'test/keychain/**/*.test.ts'],
    setupFiles: ['test/support/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
