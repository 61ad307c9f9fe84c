/** Functions that end what a test started. setup.ts calls them after the test, the last one first. */
export const closers: (() => unknown)[] = [];
