import * as z from 'zod';
import { defineRead } from '../../endpoint.ts';
import { isObject, type Json } from '../../json.ts';
import { recordNameAndId } from '../../records/describe.ts';
import { DEFAULT_PER_PAGE, page, pageContext, perPage } from '../../records/fields.ts';
import { joined, listing, ifPresent } from '../../records/list-results.ts';
import { plain, quoted } from '../../records/text.ts';
import { many } from '../../records/zoho-shapes.ts';

const text = z.string().optional();
const input = z.strictObject({
  filter_by: z.enum(['Status.Active', 'Status.Inactive']).optional(),
  page: page.optional(),
  per_page: perPage.optional(),
});
const output = z.looseObject({
  bankaccounts: z
    .array(z.looseObject({ account_id: text, account_name: text, currency_code: text, is_active: z.boolean().optional() }))
    .optional(),
});

export const listBankAccounts = defineRead({
  name: 'list_bank_accounts',
  title: 'List bank accounts',
  description: 'Cash and bank accounts, for payments (account_id) and refunds (from_account_id).',
  module: 'banking',
  path: '/bankaccounts',
  resources: [
    {
      uri: 'zoho-books://bankaccounts',
      name: 'bank_accounts',
      title: 'Bank accounts',
      description: 'Cash and bank accounts, with the same content as the answer of list_bank_accounts.',
      mimeType: 'application/json',
    },
  ],
  input,
  output,
  parts: (query) => ({ query: { per_page: DEFAULT_PER_PAGE, ...query } }),
  ...listing({
    input,
    keys: ['bankaccounts'],
    what: 'account',
    none: 'No accounts match.',
    usual: ['account_id', 'account_name', 'account_type', 'currency_code', 'bank_name', 'is_active'],
    line: () => line,
  }),
});

/** Every account of Zoho's page, not limited to the size of an answer. Checks search them all. */
export const allBankAccounts = defineRead({
  ...listBankAccounts,
  output: output.extend({ page_context: pageContext }),
  parts: () => ({ query: { per_page: 200 } }),
  result: (body) => ({
    bankaccounts: many(body, 'bankaccounts'),
    ...(isObject(body['page_context']) && { page_context: body['page_context'] }),
  }),
});

function line(row: Json): string {
  return joined(
    recordNameAndId('account', row['account_name'], row['account_id'], 60),
    ifPresent(row['account_type'], plain),
    ifPresent(row['currency_code'], plain),
    ifPresent(row['bank_name'], (bank) => `at ${quoted(bank, 40)}`),
    String(row['is_active']) === 'false' && 'inactive',
  );
}
