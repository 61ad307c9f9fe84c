import { createInterface } from 'node:readline';
import type { Claim, Journal } from '../../../src/write/journal/journal.ts';
import { openSqliteJournal } from '../../../src/write/journal/sqlite.ts';

/**
 * Another process with a journal, for the contract suite. Arguments: `<backend> <place>`. Each line on stdin is a claim; the answer on stdout
 * has its kind and entry. The line `flood` claims without end, and prints each claim when it is made. The line `open <place>` opens another
 * journal and prints its secret.
 */

export interface Said {
  readonly kind: string;
  readonly entry: string;
}

const openers: Record<string, (place: string) => Promise<Journal>> = {
  sqlite: openSqliteJournal,
  postgres: async (place) => (await import('../../support/postgres-journal.ts')).openJournalAt(place),
};

const [backend = '', place = ''] = process.argv.slice(2);
const open = openers[backend];
if (open === undefined) throw new Error(`No journal called ${backend}`);
const journal = await open(place);

async function claim(claim: Claim): Promise<void> {
  const claimed = await journal.claim(claim, []);
  say({ kind: claimed.kind, entry: claimed.kind === 'capped' ? '' : claimed.entry.id });
}

function say(said: Said): void {
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

say({ kind: 'ready', entry: '' });
for await (const line of createInterface(process.stdin)) {
  if (line.startsWith('open ')) {
    const another = await open(line.slice(5));
    say({ kind: 'secret', entry: (await another.secret()).toString('hex') });
    await another.close();
    continue;
  }
  if (line !== 'flood') {
    await claim(JSON.parse(line) as Claim);
    continue;
  }
  for (let count = 0; ; count += 1) {
    const { pid } = process;
    const name = `${pid}-${count}`;
    await claim({
      scope: 'flood',
      endpoint: 'x',
      intent: name,
      key: name,
      arguments: {},
      request: { method: 'POST', path: '/x', scope: 'x' },
      blocks: [name],
      before: {},
      facts: {},
    });
  }
}
await journal.close();
