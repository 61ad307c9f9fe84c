import { endpoints } from '../../src/endpoints/index.ts';
import type { Journal } from '../../src/write/journal.ts';
import type { Road } from '../../src/write/call.ts';
import type { Policy } from '../../src/write/policy.ts';
import { openRoad, type OpenRoad } from '../../src/write/road.ts';
import { createAccessTokens } from '../../src/zoho/access-token.ts';
import { createZoho, type Zoho } from '../../src/zoho/client.ts';
import { createLimits } from '../../src/zoho/limits.ts';
import { openShared } from '../../src/zoho/shared.ts';
import { createHttp, type Http } from '../../src/zoho/http.ts';
import { FENCE_MS, GRACE_MS, type Plan, type Step } from './plan.ts';

/** A server's road whose journal has a gate before and after each step. */

export interface Where {
  readonly api_base_url: string;
  readonly accounts_url: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly refresh_token: string;
  readonly organization_id: string;
}

export interface GatedOptions {
  readonly plan: Pick<Plan, 'mode' | 'policy' | 'uniqueField'>;
  readonly lookMs: number;
  readonly where: Where;
  readonly dir: string;
  readonly timeoutMs: number;
  readonly durable: boolean;
  /** Awaited at every step; never comes back when the server is to be dead from here on. */
  readonly reach: (step: Step | undefined, when: 'before' | 'after') => Promise<void>;
}

export interface Gated {
  readonly http: Http;
  readonly zoho: Zoho;
  readonly opened: OpenRoad;
  readonly road: Road;
}

export async function openGated({ plan, lookMs, where, dir, timeoutMs, durable, reach }: GatedOptions): Promise<Gated> {
  const http = createHttp({ timeoutMs });
  const { client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken, organization_id: organizationId } = where;
  const shared = await openShared('memory');
  const tokens = createAccessTokens({
    http,
    accountsUrl: where.accounts_url,
    credentials: async () => ({ clientId, clientSecret, refreshToken }),
    shared,
  });
  const zoho = createZoho({
    http,
    tokens,
    shared,
    limits: createLimits({ shared, perMinute: 100_000, concurrent: 100, pauseMs: 4 }),
    apiBaseUrl: where.api_base_url,
    organizationId,
    retryDelayMs: 4,
  });
  const opened = await openRoad({
    dir,
    zoho,
    endpoints,
    policy: plan.policy as Policy,
    mode: plan.mode,
    caller: 'local',
    uniqueField: plan.uniqueField,
    timings: { graceMs: GRACE_MS, lookMs, fenceMs: FENCE_MS, declinedMs: 60_000 },
    journal: { durable },
  });
  const journal = new Proxy(opened.road.journal, {
    get(target, name: keyof Journal) {
      const method = target[name] as (...args: unknown[]) => unknown;
      if (name === 'events') return method.bind(target);
      return async (...args: unknown[]) => {
        const step = stepOf(name, args);
        await reach(step, 'before');
        const result = await method.apply(target, args);
        await reach(step, 'after');
        return result;
      };
    },
  });
  return { http: { ...http, close: async () => (await http.close(), shared.close()) }, zoho, opened, road: { ...opened.road, journal } };
}

function stepOf(method: string, args: readonly unknown[]): Step | undefined {
  if (method === 'claim') return 'claim';
  if (method === 'add') return (args[1] as { type: Step }).type;
  return method === 'note' ? (args[0] as { type: Step }).type : undefined;
}
