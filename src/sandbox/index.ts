import type { AddressInfo } from 'node:net';
import { credentialsFor, openBooks } from './books-file.ts';
import { Faults } from './faults.ts';
import { type Limits, ZOHO_LIMITS, changeLimits } from './limits.ts';
import { RequestLog } from './request-log.ts';
import { listen } from './server.ts';
import { isDate, orgDate } from './org-time.ts';
import { ORGANIZATION_NAME } from './seed-ids.ts';
import { ORGANIZATION_ID, type Organization, type World } from './world.ts';

export type { Limits as SandboxLimits } from './limits.ts';

export interface SandboxOptions {
  /** TCP port on 127.0.0.1; 0 (default) picks a free one. */
  port?: number;
  /** SQLite file, or 'memory' (default). A file is created and seeded on first use; several processes may serve the same file at once. */
  data?: string;
  /** How many payments the books hold at least; the seed has several hundred. */
  payments?: number;
  /** 'live' (default): shapes and words as recorded from the real API. 'documented': as its documentation has them. */
  shapes?: 'live' | 'documented';
  /** Zoho's limits unless changed here, window lengths included. */
  limits?: Partial<Limits>;
  /** Scopes of the refresh token handed out; all that the API knows unless said. */
  scopes?: string[];
  /** What the account's list of organizations holds; unless said only the one that has the books. */
  organizations?: Organization[];
  /** The sandbox's clock. */
  now?: () => Date;
  /** The day on which new books end, yyyy-MM-dd. Default: the day on which they are made. Books that are there stay as they are. */
  today?: string | undefined;
}

export interface Sandbox {
  url: string;
  api_base_url: string;
  accounts_url: string;
  client_id: string;
  client_secret: string;
  refresh_token: string;
  organization_id: string;
  close(): Promise<void>;
}

/** Starts a Zoho on localhost: accounts server, Books API and the controls under /__sandbox, on one port. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const payments = options.payments ?? 0;
  const clock = options.now;
  const now = clock ? () => clock().getTime() : Date.now;
  const limits = { ...ZOHO_LIMITS };
  const refused = changeLimits(limits, { ...options.limits });
  if (refused.length > 0) throw new TypeError(`Unknown sandbox limits: ${refused.join(', ')}`);

  const { today } = options;
  if (today !== undefined && !isDate(today)) throw new TypeError(`${JSON.stringify(today)} is no day of the calendar, yyyy-MM-dd`);
  const seedDay = () => today ?? orgDate(now());

  const store = await openBooks(options.data ?? 'memory', payments, seedDay());
  try {
    const credentials = await credentialsFor(store, options.scopes, now());
    const world: World = {
      store,
      limits,
      mandatory: { custom_fields: [], location: false },
      shapes: options.shapes ?? 'live',
      organizations: options.organizations ?? [{ organization_id: ORGANIZATION_ID, name: ORGANIZATION_NAME }],
      now,
      url: '',
    };
    const { server, close } = listen({
      world,
      faults: new Faults(),
      log: new RequestLog(),
      payments,
      today: seedDay,
      client_id: credentials.client_id,
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options.port ?? 0, '127.0.0.1', resolve);
    });
    world.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      url: world.url,
      api_base_url: `${world.url}/books/v3`,
      accounts_url: world.url,
      ...credentials,
      organization_id: ORGANIZATION_ID,
      close: async () => {
        await close();
        store.close();
      },
    };
  } catch (error) {
    store.close();
    throw error;
  }
}
