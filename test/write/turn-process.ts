import { openTurns, type Turns } from '../../src/write/turn.ts';

/**
 * Another process that holds a turn, for the contract suite. Arguments: `<backend> <place> <name of the turn>`. With PostgreSQL, the holder
 * may be silent for two seconds.
 */

const openers: Record<string, (place: string) => Promise<Turns>> = {
  files: openTurns,
  postgres: async (place) => (await import('../support/postgres-turns.ts')).openTurnsAt(place, 2000),
};

const [backend = '', place = '', name = ''] = process.argv.slice(2);
await (await openers[backend]!(place)).take([name], 'create_customer_payment');
process.stdout.write('held\n');
setInterval(() => {}, 1000);
