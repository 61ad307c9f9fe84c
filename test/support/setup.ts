import { afterEach } from 'vitest';
import { closers } from './closers.ts';

// This hook must be in this file: test files share their modules, but this file runs for each of them.
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});
