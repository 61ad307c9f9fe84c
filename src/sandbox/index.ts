import type { AddressInfo } from 'node:net';
import { credentialsFor, openBooks, stateOf } from './books-file.ts';
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
  /** SQLite file, or 'memory' (default). A new file is created and seeded. Several processes may serve the same file at the same time. */
  data?: string;
  /** The least number of payments in the books. The seed alone has several hundred. */
  payments?: number;
  /** 'live' (default): shapes and messages as recorded from the real API. 'documented': as in Zoho's documentation. */
  shapes?: 'live' | 'documented';
  /** Changes to Zoho's limits and to the lengths of their windows. Default: Zoho's own values. */
  limits?: Partial<Limits>;
  /** Scopes of the refresh token in the returned credentials. Default: all scopes that the sandbox's API uses. */
  scopes?: string[];
  /** The organizations that GET /organizations lists. Default: only the organization of the books. */
  organizations?: Organization[];
  /** The sandbox's clock. */
  now?: () => Date;
  /** The newest date in new books, yyyy-MM-dd. Default: the day on which the books are made. Existing books do not change. */
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
  /** The last day of the books' seed, and the number of payments at the start. */
  today: string;
  payments: number;
  close(): Promise<void>;
}

/** Starts a Zoho on localhost: the accounts server, the Books API and the controls under /__sandbox, all on one port. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const payments = options.payments ?? 0;
  const clock = options.now;
  const now = clock ? () => clock().getTime() : Date.now;
  const limits = { ...ZOHO_LIMITS };
  const refused = changeLimits(limits, { ...options.limits });
  if (refused.length > 0) throw new TypeError(`Unknown sandbox limits: ${refused.join(', ')}`);

  const { today } = options;
  if (today !== undefined && !isDate(today)) throw new TypeError(`${JSON.stringify(today)} is not a valid date (yyyy-MM-dd)`);
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
      ...(await stateOf(store)),
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
