import { afterEach } from 'vitest';
import { closers } from './closers.ts';

// Here and not where things are started: test files share their modules, and this runs for each file.
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});
