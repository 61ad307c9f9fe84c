/** What a test started and has to end; setup.ts ends it, the last first. */
export const closers: (() => unknown)[] = [];
