import { beforeEach } from 'vitest';

/** Time limit per test file: no test begins later. Most files finish earlier, and every other file runs in part. */
const MOST_MS = 1_500;

const began = performance.now();

beforeEach(({ skip }) => skip(performance.now() - began > MOST_MS, 'the quick run tests only the beginning of each file'));
