import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, describe } from 'vitest';
import type { Client as ModernClient } from '@modelcontextprotocol/client';
import { fault, held, isWaiting, release, seed, writesTo } from '../support/books.ts';
import { errorOf, kinds, textOf, type PersonAnswer } from '../support/harness.ts';
import { overHttp } from '../support/http.ts';
import { servers } from '../support/servers.ts';

/** Conversations over HTTP, with the clients of both SDK generations. */

const start = servers();
const refund = { customer_payment_id: seed.paymentWithUnused, amount: 10, date: '2026-06-20', from_account_id: seed.pettyCash };
const yes: PersonAnswer = { action: 'accept', content: { approve: true } };
const payment = { customer: 'Bowman Furniture', amount: 450, payment_mode: 'cash', invoices: [{ invoice: 'INV-385' }] };

describe.each(kinds)('over HTTP, the client of the %s', (kind) => {
  it('lists the tools, finds a payment and reads a resource', async () => {
    const server = await start();
    const { client, call } = await (await overHttp(server.books)).connect({ kind });
    const { tools } = await (client as ModernClient).listTools();
    expect(tools.length).toBe((await server.client.listTools()).tools.length);
    expect(textOf(await call('find_payments', { customer: 'Bowman Furniture', amount: 600 }))).toContain(seed.paymentWithUnused);
    const uri = `zoho-books://customerpayments/${seed.samplePayment}`;
    const { contents } = await (client as ModernClient).readResource({ uri });
    expect(contents[0]).toMatchObject({ uri, text: expect.stringContaining(seed.samplePayment) });
  });

  it('records a refund only after the user confirmed it', async () => {
    const server = await start({ confirm: 'ask' });
    const questions: string[] = [];
    const person = (question: string) => {
      questions.push(question);
      return yes;
    };
    const { call } = await (await overHttp(server.books)).connect({ kind, person });
    const first = await call('create_customer_payment_refund', refund);
    if (kind === 'current SDK, 2026-07-28') {
      expect(questions).toEqual([expect.stringContaining('Refund USD 10.00')]);
      expect(first.structuredContent['outcome']).toBe('recorded');
    } else {
      // The server cannot ask these clients, because their connection ends with each answer.
      expect(questions).toEqual([]);
      expect(errorOf(first).code).toBe('approval_needed');
      expect(await writesTo(server)).toEqual([]);
      const second = await call('create_customer_payment_refund', { ...refund, approval: first.structuredContent['approval'] });
      expect(second.structuredContent['outcome']).toBe('recorded');
    }
    expect(await writesTo(server)).toHaveLength(1);
  });

  it('gets progress notifications while Zoho answers slowly', async () => {
    const server = await start();
    const { client } = await (await overHttp(server.books, { progressMs: 50 })).connect({ kind });
    await fault(server.sandbox, { match: { method: 'GET' }, ...held });
    const heard: number[] = [];
    const options = { onprogress: ({ progress }: { progress: number }) => void heard.push(progress) };
    const call = { name: 'get_customer_payment', arguments: { payment_id: seed.samplePayment } };
    const answer = (client as { callTool(...all: unknown[]): Promise<unknown> }).callTool(
      call,
      ...(kind === 'older SDK' ? [undefined, options] : [options]),
    );
    await expect.poll(() => heard.length).toBeGreaterThanOrEqual(3);
    await release(server.sandbox);
    await answer;
    expect(heard).toEqual(heard.map((_, n) => n + 1));
  });

  it('gets an error with a suggestion for an unknown tool', async () => {
    const server = await start();
    const { call } = await (await overHttp(server.books)).connect({ kind });
    await expect(call('find_payment')).rejects.toThrow(/Did you mean find_payments\?/);
  });

  it('may send arguments as JSON text', async () => {
    const server = await start();
    const { call } = await (await overHttp(server.books)).connect({ kind });
    const invoices = JSON.stringify([{ invoice: 'INV-385' }]);
    expect((await call('record_customer_payment', { ...payment, invoices })).structuredContent['outcome']).toBe('recorded');
  });
});

describe.each(kinds)('a write over HTTP (%s)', (kind) => {
  it('is answered from the journal if the answer did not reach the client, and is a new write after that', async () => {
    const server = await start();
    const http = await overHttp(server.books);
    const { call } = await http.connect({ kind });
    // Gets an access token first, which is a POST too.
    await call('find_payments', { customer: 'Bowman Furniture' });
    await fault(server.sandbox, { match: { method: 'POST' }, ...held });
    const gone = new AbortController();
    const body = {
      jsonrpc: '2.0',
      id: 7,
      method: 'tools/call',
      params: { name: 'record_customer_payment', arguments: payment },
    };
    const lost = fetch(http.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify(body),
      signal: gone.signal,
    }).catch(() => undefined);
    await isWaiting(server.sandbox, 'POST');
    gone.abort();
    await lost;
    await release(server.sandbox);
    const newest = async () => (await server.opened.road.journal.list({ limit: 1 }))[0];
    await expect.poll(async () => (await newest())?.state).toBe('recorded');
    await sleep(50);
    const again = await call('record_customer_payment', payment);
    expect(again.structuredContent).toMatchObject({ outcome: 'recorded', replayed: true });
    expect(await writesTo(server)).toHaveLength(1);
    await expect.poll(async () => (await newest())?.delivered).toBe(true);
    const third = await call('record_customer_payment', payment);
    expect(third.structuredContent['replayed']).not.toBe(true);
  });
});

it('a client that listens hears of a resource that another client changed', async () => {
  const server = await start();
  const http = await overHttp(server.books);
  const listener = await http.connect();
  const writer = await http.connect({ kind: 'older SDK' });
  const uri = `zoho-books://customerpayments/${seed.paymentWithUnused}`;
  const heard: string[] = [];
  const client = listener.client as ModernClient;
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
  await client.listen({ resourceSubscriptions: [uri] });
  await writer.call('create_customer_payment_refund', refund);
  await expect.poll(() => heard).toContain(uri);
});
