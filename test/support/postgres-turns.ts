import { openDatabase } from '../../src/postgres/database.ts';
import { openPostgresTurns } from '../../src/postgres/turns.ts';
import type { Turns } from '../../src/write/turn.ts';

/** Opens turns with connections of their own, which end with them. The place is `<url>#<organization>`. */
export async function openTurnsAt(place: string, silenceMs?: number): Promise<Turns & { end(): Promise<void> }> {
  const [url = '', organization = ''] = place.split('#');
  const database = openDatabase(url, { connections: 2, turns: 5, ...(silenceMs !== undefined && { silenceMs }) });
  const turns = openPostgresTurns(database, organization);
  return {
    ...turns,
    async end() {
      turns.close();
      await database.close();
    },
  };
}
