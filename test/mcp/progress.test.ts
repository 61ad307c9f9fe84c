import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { fault, held, release, seed } from '../support/books.ts';
import { harness, kinds, type Harness, type HarnessOptions } from '../support/harness.ts';

/** A client that asks for progress gets notifications during a call, so that hosts with an idle timeout do not end it. */

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

async function calling(server: Harness, name: string, args: Record<string, unknown>, heard: Progress[]): Promise<void> {
  const options = { onprogress: (progress: Progress) => void heard.push(progress) };
  const client = server.ownClient as { callTool(call: object, ...rest: unknown[]): Promise<unknown> };
  await client.callTool({ name, arguments: args }, ...(server.kind === 'older SDK' ? [undefined, options] : [options]));
  const told = heard.length;
  await sleep(150);
  expect(heard.length, 'nothing after the answer').toBe(told);
}

const isEnough = (heard: readonly Progress[]) => expect.poll(() => heard.length).toBeGreaterThanOrEqual(3);

describe.each(kinds)('the client of the %s gets progress notifications', (kind) => {
  it('while Zoho answers slowly', async () => {
    const server = await start({ kind });
    await fault(server.sandbox, { match: { method: 'GET' }, ...held });
    const heard: Progress[] = [];
    const calls = calling(server, 'get_customer_payment', { payment_id: seed.samplePayment }, heard);
    await isEnough(heard);
    await release(server.sandbox);
    await calls;
    expect(heard.map(({ progress }) => progress)).toEqual(heard.map((_, n) => n + 1));
    expect(heard[0]?.message).toContain('waiting for Zoho');
  });

  it('while the user decides, if the question is a part of the call', async () => {
    const heard: Progress[] = [];
    const person = async () => {
      // Since revision 2026-07-28, a question ends the call, and the answer comes with a new call.
      if (kind !== 'current SDK, 2026-07-28') await isEnough(heard);
      return { action: 'accept', content: { approve: true } } as const;
    };
    const server = await start({ kind, confirm: 'ask', person });
    const refund = { customer_payment_id: seed.paymentWithUnused, date: '2026-06-20', from_account_id: seed.pettyCash };
    await calling(server, 'create_customer_payment_refund', refund, heard);
  });
});
