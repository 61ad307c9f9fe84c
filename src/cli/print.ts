/** Writes one line to standard output: what a command has to say. */
export const print = (line: string): void => void process.stdout.write(`${line}\n`);
