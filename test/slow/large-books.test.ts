import { expect, it } from 'vitest';
import { type Body, zoho } from '../sandbox/harness.ts';

// `npm run bench` measures how long this takes.
it('the sandbox can hold 100,000 payments, and list, sort and search them', async () => {
  const z = await zoho({ payments: 100_000 });
  for (const path of [
    '/customerpayments',
    '/customerpayments?sort_column=created_time&sort_order=D',
    '/customerpayments?sort_column=amount&sort_order=D',
    '/customerpayments?sort_column=customer_name&sort_order=A',
    '/customerpayments?customer_id=903000000000099',
    '/customerpayments?reference_number=TRF-778812',
    '/invoices',
    '/customerpayments/9030000079467',
  ]) {
    expect((await z.get(path)).status, path).toBe(200);
  }
  expect((await z.books())['counts']).toMatchObject({ payments: 100_000 } satisfies Body);
});
