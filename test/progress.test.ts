import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { fault, seed } from './support/books.ts';
import { harness, kinds, type Harness, type HarnessOptions } from './support/harness.ts';

/** A client that wants to know hears that its call is under way; hosts that count from the last word do not give up then. */

const open: Harness[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function start(options: HarnessOptions): Promise<Harness> {
  const server = await harness({ progressMs: 50, ...options });
  open.push(server);
  await server.client.listTools();
  return server;
}

interface Progress {
  readonly progress: number;
  readonly message?: string;
}

async function calling(server: Harness, name: string, args: Record<string, unknown>): Promise<Progress[]> {
  const heard: Progress[] = [];
  const options = { onprogress: (progress: Progress) => void heard.push(progress) };
  const client = server.ownClient as { callTool(call: object, ...rest: unknown[]): Promise<unknown> };
  await client.callTool({ name, arguments: args }, ...(server.kind === 'older SDK' ? [undefined, options] : [options]));
  const told = heard.length;
  await sleep(150);
  expect(heard.length, 'nothing after the answer').toBe(told);
  return heard;
}

describe.each(kinds)('through the client of the %s', (kind) => {
  it('while Zoho takes its time', async () => {
    const server = await start({ kind });
    await fault(server.sandbox, { match: { method: 'GET' }, fault: 'delay', delay_ms: 400 });
    const heard = await calling(server, 'get_customer_payment', { payment_id: seed.samplePayment });
    expect(heard.length).toBeGreaterThanOrEqual(3);
    expect(heard.map(({ progress }) => progress)).toEqual(heard.map((_, n) => n + 1));
    expect(heard[0]?.message).toContain('waiting for Zoho');
  });

  it('while a person thinks, where that is within the call', async () => {
    const server = await start({
      kind,
      confirm: 'ask',
      person: async () => (await sleep(400), { action: 'accept', content: { approve: true } }),
    });
    const heard = await calling(server, 'create_customer_payment_refund', {
      customer_payment_id: seed.paymentWithUnused,
      date: '2026-06-20',
      from_account_id: seed.pettyCash,
    });
    // From 2026-07-28 on the question ends the call, and the answer comes with another.
    if (kind !== 'current SDK, 2026-07-28') expect(heard.length).toBeGreaterThanOrEqual(3);
  });
});
