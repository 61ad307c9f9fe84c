import { mergeConfig } from 'vitest/config';
import all, { slow } from './vitest.config.ts';

/** `npm run test:quick`: the first tests of every file, without the slow files. */
export default mergeConfig(all, { test: { exclude: slow, setupFiles: ['test/support/quick.ts'] } });
