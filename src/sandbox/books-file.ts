import { randomBytes } from 'node:crypto';
import { USUAL_SCOPES } from './routes.ts';
import { issueRefreshToken, newToken } from './tokens.ts';
import { BOOK_TABLES, LAYOUT, SCHEMA } from './schema.ts';
import { growTo, seedBooks } from './seed.ts';
import { SEED_DAY } from './seed-writer.ts';
import { Store } from './store.ts';

export interface Credentials {
  client_id: string;
  client_secret: string;
  refresh_token: string;
}

const OTHER_TABLES = ['access_tokens', 'refresh_tokens', 'grant_codes', 'token_requests', 'clients', 'meta'];

/**
 * Opens the books, and seeds new books with dates up to `today`. If two processes do this at the same time, the second process finds the
 * finished books.
 */
export async function openBooks(file: string, payments: number, today: string): Promise<Store> {
  const store = await Store.open(file).catch((error: unknown) => {
    throw new Error(`Cannot open ${file} as the sandbox's books: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  });
  try {
    await store.transaction(() => prepare(store, file, payments, today));
  } catch (error) {
    store.close();
    throw error;
  }
  return store;
}

function prepare(store: Store, file: string, payments: number, today: string): void {
  const tables = store.all<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").map((row) => row.name);
  if (tables.length > 0 && !tables.includes('meta')) throw new Error(`${file} is an SQLite file, but the sandbox did not create it.`);
  const known = tables.length > 0 ? meta(store, 'layout') : undefined;
  if (known === LAYOUT) {
    widenSeedToken(store);
    growTo(store, payments, meta(store, 'today') ?? SEED_DAY);
    return;
  }
  // Foreign keys require that child tables are dropped before their parents.
  for (const table of [...BOOK_TABLES, ...OTHER_TABLES]) store.exec(`DROP TABLE IF EXISTS ${table}`);
  store.exec(SCHEMA);
  seedClient(store);
  writeSeed(store, payments, today);
  store.run("INSERT INTO meta (name, value) VALUES ('layout', ?)", LAYOUT);
}

/** Writes the seed and stores its newest date, so that payments added later have dates up to the same day. */
function writeSeed(store: Store, payments: number, today: string): void {
  seedBooks(store, payments, today);
  store.run("INSERT OR REPLACE INTO meta (name, value) VALUES ('today', ?)", today);
}

/** Creates a client and its refresh token. They are made once per file, and a reset keeps them. */
function seedClient(store: Store): void {
  const client_id = `1000.${randomBytes(16).toString('hex').slice(0, 30).toUpperCase()}`;
  const client_secret = randomBytes(21).toString('hex');
  const refresh_token = newToken();
  store.run(
    'INSERT INTO clients (client_id, client_secret, name) VALUES (?, ?, ?)',
    client_id,
    client_secret,
    'Zoho Payments MCP (sandbox)',
  );
  insertSeedToken(store, client_id, refresh_token);
  for (const [name, value] of Object.entries({ client_id, client_secret, refresh_token })) {
    store.run('INSERT INTO meta (name, value) VALUES (?, ?)', name, value);
  }
}

function insertSeedToken(store: Store, clientId: string, refreshToken: string): void {
  store.run(
    "INSERT OR IGNORE INTO refresh_tokens (token, client_id, scope, origin, created_at) VALUES (?, ?, ?, 'seed', 0)",
    refreshToken,
    clientId,
    USUAL_SCOPES.join(','),
  );
}

/** Adds new scopes to the seeded tokens of books that are older than these scopes. */
function widenSeedToken(store: Store): void {
  const refreshToken = meta(store, 'refresh_token') ?? '';
  const scope = USUAL_SCOPES.join(',');
  store.run('UPDATE refresh_tokens SET scope = ? WHERE token = ? AND scope <> ?', scope, refreshToken, scope);
  store.run('UPDATE access_tokens SET scope = ? WHERE refresh_token = ? AND scope <> ?', scope, refreshToken, scope);
}

/** The client's credentials, with the seeded refresh token, or with a new refresh token if `scopes` are given. */
export async function credentialsFor(store: Store, scopes: string[] | undefined, now: number): Promise<Credentials> {
  return store.transaction(() => {
    const client_id = meta(store, 'client_id') ?? '';
    const refresh_token =
      scopes === undefined ? (meta(store, 'refresh_token') ?? '') : issueRefreshToken(store, client_id, scopes.join(','), 'option', now);
    return { client_id, client_secret: meta(store, 'client_secret') ?? '', refresh_token };
  });
}

/** The last day of the books' seed, and how many payments they hold. */
export async function stateOf(store: Store): Promise<{ today: string; payments: number }> {
  return store.transaction(() => ({
    today: meta(store, 'today') ?? SEED_DAY,
    payments: store.get<{ count: number }>('SELECT count(*) AS count FROM payments')?.count ?? 0,
  }));
}

/** Resets the books to the seed. The credentials stay, and a revoked seeded refresh token becomes valid again. */
export async function resetBooks(store: Store, payments: number, today: string): Promise<void> {
  await store.transaction(() => {
    writeSeed(store, payments, today);
    insertSeedToken(store, meta(store, 'client_id') ?? '', meta(store, 'refresh_token') ?? '');
    store.run('DELETE FROM token_requests');
  });
}

function meta(store: Store, name: string): string | undefined {
  return store.get<{ value: string }>('SELECT value FROM meta WHERE name = ?', name)?.value;
}
