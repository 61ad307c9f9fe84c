import { expect, it } from 'vitest';
import { allContacts, pagesOf } from '../../src/reading/whole-lists.ts';
import { forgetRequests, requestsTo } from '../support/books.ts';
import { harness, textOf } from '../support/harness.ts';

it('first look', async () => {
  const server = await harness();
  const contacts: any[] = [];
  for await (const page of pagesOf(allContacts, { contact_type: 'customer' }, server.zoho)) contacts.push(...page.rows);
  const customers = contacts.filter((one) => one.contact_type === 'customer' && one.status === 'active' && one.currency_code === 'USD');
  console.log(contacts.length, customers.length, contacts[0]);
  const rows = Array.from({ length: 50 }, (_, i) => ({
    customer: customers[i % customers.length].contact_name,
    amount: 10 + i,
    payment_mode: 'cash',
    date: '2026-06-30',
    allocate: 'as_credit',
  }));
  await forgetRequests(server.sandbox);
  let result = await server.call('record_customer_payments', { rows, idempotency_key: 'a' });
  console.log(textOf(result).slice(0, 3000));
  const count = async () => {
    const all = (await requestsTo(server.sandbox)).map(
      ({ method, path, query }: any) => `${method} ${path.replace('/books/v3/', '').replaceAll(/\d{9,}/g, 'ID')}`,
    );
    console.log(all.length, Object.fromEntries([...new Set(all)].map((one) => [one, all.filter((x) => x === one).length])));
  };
  await count();
  const { approval } = result.structuredContent as any;
  if (approval) {
    await forgetRequests(server.sandbox);
    result = await server.call('record_customer_payments', { rows, idempotency_key: 'a', approval });
    console.log(textOf(result).slice(0, 3000), JSON.stringify(result.structuredContent).slice(0, 1500));
    await count();
  }
  await server.close();
}, 60_000);
