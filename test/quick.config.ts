import { mergeConfig } from 'vitest/config';
import all, { slow } from './vitest.config.ts';

/** `npm run test:quick`: the beginning of every file, but for the slow ones. */
export default mergeConfig(all, { test: { exclude: slow, setupFiles: ['test/support/quick.ts'] } });
