import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { longJournal } from '../support/long-journal.ts';
import { folder } from '../support/program.ts';

it('journal verify needs as little memory for a long journal as for a short journal', async () => {
  const source = pathToFileURL(join(import.meta.dirname, '../../src/write/journal/sqlite.ts')).href;
  const script = `
    import { openSqliteJournal } from ${JSON.stringify(source)};
    const journal = await openSqliteJournal(process.argv[1]);
    console.log(JSON.stringify(await journal.verify()));
    await journal.close();`;
  const verify = (file: string) =>
    promisify(execFile)(process.execPath, [
      `--max-old-space-size=${HEAP_MB}`,
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      script,
      file,
    ]);
  const [short, long] = [join(folder(), 'journal.sqlite'), join(folder(), 'journal.sqlite')];
  await Promise.all([longJournal(short, 100), longJournal(long, WRITES)]);
  for (const [file, writes] of [
    [short, 100],
    [long, WRITES],
  ] as const) {
    expect(JSON.parse((await verify(file)).stdout)).toEqual({ events: writes * 3, entries: writes, problems: [] });
  }
});

/** Enough for the program and a page of events, but not for all rows of the long journal. */
const HEAP_MB = 24;
const WRITES = 12_000;
