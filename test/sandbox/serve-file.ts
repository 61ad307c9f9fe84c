import { startSandbox } from '../../src/sandbox/index.ts';

/** A separate process that serves the file in its first argument until stdin ends. */
const [, , data = 'memory'] = process.argv;
const sandbox = await startSandbox({ data, limits: { per_minute: 1_000_000, per_day: 1_000_000, concurrent: 1000, access_tokens: 1000 } });
process.stdout.write(`${JSON.stringify(sandbox)}\n`);
process.stdin.resume().once('end', () => void sandbox.close());
