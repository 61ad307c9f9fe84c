import { expect, it } from 'vitest';
import { notedTimeZone } from '../../src/cli/noted-time-zone.ts';
import { seed } from '../support/books.ts';
import { harness } from '../support/harness.ts';

/** The time zone beside the journal is stored as soon as Zoho has sent it. */

it.each([
  ['a write', 'create_customer_payment', { customer_id: seed.bowman, payment_mode: 'cash', amount: 5, date: '2026-06-05' }],
  ['a list of organizations', 'list_organizations', {}],
])('%s stores the time zone', async (_, tool, args) => {
  const server = await harness();
  expect(notedTimeZone(server.dir)).toBeUndefined();
  await server.call(tool, args);
  expect(notedTimeZone(server.dir)).toBe('America/New_York');
  await server.close();
});
