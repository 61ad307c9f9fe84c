import { Client as ModernClient } from '@modelcontextprotocol/client';
import { Client as OlderClient } from '@modelcontextprotocol/sdk/client/index.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpoints } from '../../src/catalogue.ts';
import { isRead } from '../../src/endpoint.ts';
import { fault, forgetRequests, requestsTo, seed } from '../support/books.ts';
import { harness, kinds, type Harness } from '../support/harness.ts';

const list = 'zoho-books://customerpayments';
/** Resources that exist without a call to Zoho, in the order of their tools. */
const declared = endpoints.flatMap((endpoint) => (isRead(endpoint) ? (endpoint.resources ?? []) : [])).map(({ uri }) => uri);
const fixed = [...declared.filter((uri) => !uri.includes('{')), 'zoho-books://limits'];
const one = `${list}/${seed.samplePayment}`;

describe.each(kinds)('resources, through the client of the %s', (kind) => {
  let server: Harness;
  beforeAll(async () => {
    server = await harness({ kind });
    await server.client.listTools();
  });
  afterAll(() => server.close());

  const read = async (uri: string) => {
    const [content] = (await server.client.readResource({ uri })).contents;
    expect(content?.uri).toBe(uri);
    return content;
  };
  const json = async (uri: string) => JSON.parse((await read(uri))?.text ?? '') as unknown;
  const tool = async (name: string, args: Record<string, unknown>) => (await server.call(name, args)).structuredContent;

  it('exist for every declared read that has resources', async () => {
    const { resources } = await server.client.listResources();
    const { resourceTemplates } = await server.client.listResourceTemplates();
    expect(resources.filter(({ uri }) => !uri.startsWith(`${list}/`)).map(({ uri }) => uri)).toEqual(fixed);
    expect(resources).toContainEqual(expect.objectContaining({ uri: list, title: 'Recent customer payments' }));
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate.replace(/\{\?.*\}/, '{?…}')).toSorted()).toEqual(
      declared
        .filter((uri) => uri.includes('{'))
        .map((uri) => uri.replace('{?}', '{?…}'))
        .toSorted(),
    );
  });

  it('contain the same data as the tools', async () => {
    expect(await json(list)).toEqual(await tool('list_customer_payments', {}));
    expect(await json(one)).toEqual(await tool('get_customer_payment', { payment_id: seed.samplePayment }));
    expect(await json(`zoho-books://contacts/${seed.bowman}`)).toEqual(await tool('get_contact', { contact_id: seed.bowman }));
    expect(await json(`zoho-books://invoices/${seed.openInvoice}`)).toEqual(await tool('get_invoice', { invoice_id: seed.openInvoice }));
    expect(await json('zoho-books://bankaccounts')).toEqual(await tool('list_bank_accounts', {}));
    expect(await json(`${one}/refunds`)).toEqual(await tool('list_customer_payment_refunds', { customer_payment_id: seed.samplePayment }));
    expect(await json(`${one}/refunds/${seed.sampleRefund}`)).toEqual(
      await tool('get_customer_payment_refund', { customer_payment_id: seed.samplePayment, refund_id: seed.sampleRefund }),
    );
  });

  it('accept the filters of a list in any number and order', async () => {
    const expected = await tool('list_customer_payments', { customer_name: 'Bowman Furniture', amount_less_than: 500, per_page: 3 });
    expect(await json(`${list}?customer_name=Bowman%20Furniture&amount_less_than=500&per_page=3`)).toEqual(expected);
    expect(await json(`${list}?per_page=3&amount_less_than=500&customer_name=Bowman+Furniture`)).toEqual(expected);
    expect(await json(`${list}?page=2`)).toEqual(await tool('list_customer_payments', { page: 2 }));
    const amounts = await tool('list_customer_payments', { fields: ['payment_id', 'amount'], per_page: 2 });
    expect(await json(`${list}?fields=payment_id,amount&per_page=2`)).toEqual(amounts);
    expect(await json(`${list}?fields=payment_id&per_page=2&fields=amount`)).toEqual(amounts);
  });

  it('return the receipt as a PDF', async () => {
    const receipt = await read(`${one}/pdf`);
    expect(receipt?.mimeType).toBe('application/pdf');
    expect(
      Buffer.from(receipt?.blob ?? '', 'base64')
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');
  });

  it('explain what is wrong with a URI', async () => {
    await expect(server.client.readResource({ uri: `${list}/1` })).rejects.toThrow(/Resource not found/);
    await expect(server.client.readResource({ uri: `${list}/abc` })).rejects.toThrow(/payment_id must be an id/);
    await expect(server.client.readResource({ uri: `${list}?custmer_id=1` })).rejects.toThrow(
      /custmer_id is not an argument \(did you mean customer_id\?\)/,
    );
    await expect(server.client.readResource({ uri: `${list}?customer_name=Bowman&customer_name=Aoyama` })).rejects.toThrow(
      /customer_name must be a string, not an array/,
    );
    await expect(server.client.readResource({ uri: `${list}?per_page=1?amount=2` })).rejects.toThrow(/per_page must be a number/);
    await expect(server.client.readResource({ uri: 'zoho-books://invoices' })).rejects.toThrow(/not found/i);
  });

  it('list recent payments with readable titles, and read them from Zoho once a minute', async () => {
    await server.client.listResources();
    await forgetRequests(server.sandbox);
    const { resources } = await server.client.listResources();
    expect(await requestsTo(server.sandbox)).toEqual([]);
    const recent = resources.filter(({ uri }) => !fixed.includes(uri));
    expect(recent).toHaveLength(25);
    for (const { uri, title } of recent) {
      expect(uri).toMatch(/^zoho-books:\/\/customerpayments\/\d+$/);
      expect(title).toMatch(/^\d{4}-\d\d-\d\d .+ [\d.]+ \(#\d+\)$/u);
    }
  });

  it('complete a payment by number, customer and reference, a refund of a payment, and a customer by name', async () => {
    const complete = async (uri: string, name: string, value: string, given?: Record<string, string>) =>
      (
        await server.client.complete({
          ref: { type: 'ref/resource', uri },
          argument: { name, value },
          ...(given && { context: { arguments: given } }),
        })
      ).completion.values;

    expect(await complete(`${list}/{payment_id}`, 'payment_id', 'INV-384')).toContain(seed.samplePayment);
    expect((await complete(`${list}/{payment_id}`, 'payment_id', 'Bowman Furn')).length).toBeGreaterThan(1);
    const [newest] = (await tool('list_customer_payments', { per_page: 1 }))['customerpayments'] as {
      payment_id: string;
      payment_number: string;
    }[];
    await forgetRequests(server.sandbox);
    expect(await complete(`${list}/{payment_id}/pdf`, 'payment_id', newest!.payment_number)).toContain(newest!.payment_id);
    // Cached values need no search, so that typing does not use up the calls of the minute.
    expect(await requestsTo(server.sandbox)).toEqual([]);
    // Zoho's search ignores payment numbers: an older payment is completed only by its customer or reference.
    const [oldest] = (await tool('list_customer_payments', { per_page: 1, sort_column: 'date', sort_order: 'A' }))['customerpayments'] as {
      payment_id: string;
      payment_number: string;
    }[];
    expect(await complete(`${list}/{payment_id}`, 'payment_id', oldest!.payment_number)).not.toContain(oldest!.payment_id);
    expect(await complete(`${list}/{customer_payment_id}/refunds`, 'customer_payment_id', '')).toHaveLength(25);

    const refunds = `${list}/{customer_payment_id}/refunds/{refund_id}`;
    expect(await complete(refunds, 'refund_id', '', { customer_payment_id: seed.samplePayment })).toEqual([seed.sampleRefund]);
    expect(await complete(refunds, 'refund_id', '')).toEqual([]);

    const contact = 'zoho-books://contacts/{contact_id}';
    expect(await complete(contact, 'contact_id', 'bowman furniture')).toEqual([seed.bowman]);
    expect(await complete(contact, 'contact_id', seed.bowman.slice(0, 12))).toContain(seed.bowman);
    expect((await complete(contact, 'contact_id', '')).length).toBeGreaterThan(1);
  });

  it('show at once what this server recorded', async () => {
    await server.client.listResources();
    const [newest] = (await tool('list_customer_payments', { per_page: 1 }))['customerpayments'] as { date: string }[];
    const { structuredContent } = await server.call('create_customer_payment', {
      customer_id: seed.bowman,
      payment_mode: 'cash',
      amount: 21,
      date: newest!.date,
    });
    const { payment_id } = structuredContent['payment'] as { payment_id: string };
    const { resources } = await server.client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain(`${list}/${payment_id}`);
  });

  it('name the sandbox, also in errors', async () => {
    const sandbox = await harness({ kind, asSandbox: true });
    const { resources } = await sandbox.client.listResources();
    expect(resources.length).toBeGreaterThan(1);
    expect(resources.filter(({ title }) => !title?.endsWith('(sandbox)'))).toEqual([]);
    await expect(sandbox.client.readResource({ uri: `${list}/abc` })).rejects.toThrow(/SANDBOX: (.|\n)*payment_id must be an id/);
    await sandbox.close();
  });

  it('work without Zoho: they show the fixed entries and no completions, without an error', async () => {
    const alone = await harness({ kind });
    await fault(alone.sandbox, { match: { method: 'GET', path: '/books/v3/customerpayments' }, fault: 'status', status: 500, times: 100 });
    const { resources } = await alone.client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(fixed);
    expect(alone.logged.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ level: 'warn', event: 'recent payments', error: 'zoho_unavailable' }),
    );
    await alone.close();
  });

  it('notify subscribers of exactly the URIs that a write of this server changed', async () => {
    const { structuredContent } = await server.call('create_customer_payment', {
      customer_id: seed.bowman,
      payment_mode: 'cash',
      amount: 20,
      date: '2026-06-05',
    });
    const { payment_id } = structuredContent['payment'] as { payment_id: string };
    const watched = [
      list,
      `${list}/${payment_id}`,
      `${list}/${payment_id}/pdf`,
      `${list}/${payment_id}/refunds`,
      one,
      'zoho-books://organizations',
    ];
    const heard: string[] = [];
    const stop = await watch(server.ownClient, watched, (uri) => heard.push(uri));

    const refund = { customer_payment_id: payment_id, date: '2026-06-06', amount: 5, from_account_id: seed.pettyCash };
    expect((await server.call('create_customer_payment_refund', refund)).isError).toBeFalsy();
    await expect.poll(() => heard.toSorted()).toEqual(watched.slice(0, 4).toSorted());

    heard.length = 0;
    expect((await server.call('create_customer_payment_refund', { ...refund, amount: 5000 })).isError).toBe(true);
    expect((await server.call('delete_customer_payment', { payment_id: '1' })).isError).toBe(true);
    expect(heard).toEqual([]);

    // A write whose answer was lost may have been made.
    await fault(server.sandbox, { match: { method: 'POST', path: '/refunds$' }, fault: 'drop_after' });
    await server.call('create_customer_payment_refund', { ...refund, amount: 7 });
    await expect.poll(() => heard.toSorted()).toEqual(watched.slice(0, 4).toSorted());
    expect((await tool('list_customer_payment_refunds', { customer_payment_id: payment_id }))['payment_refunds']).toHaveLength(2);
    await stop();
  });
});

/** Subscribes in the way of the client's protocol revision. */
async function watch(client: ModernClient | OlderClient, uris: string[], onUpdate: (uri: string) => void): Promise<() => Promise<void>> {
  if (client instanceof OlderClient) {
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => onUpdate(params.uri));
  } else {
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => onUpdate(params.uri));
    if (client.getProtocolEra() === 'modern') {
      const subscription = await client.listen({ resourceSubscriptions: uris });
      expect(subscription.honoredFilter.resourceSubscriptions).toEqual(uris);
      return () => subscription.close();
    }
  }
  for (const uri of uris) await client.subscribeResource({ uri });
  return async () => {
    for (const uri of uris) await client.unsubscribeResource({ uri });
  };
}
