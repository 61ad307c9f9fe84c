import * as z from 'zod';
import { defineRead } from '../../endpoint.ts';
import { oneLine } from '../../foreign-text.ts';
import type { Json } from '../../json.ts';
import { readAmount } from '../../money.ts';
import { recordNameAndId } from '../../records/describe.ts';
import { DEFAULT_PER_PAGE, filter, page, perPage, rowFields, sortOrder } from '../../records/fields.ts';
import { byNameRoughly, joined, listing, ifPresent } from '../../records/list-results.ts';
import { money, plain, quoted } from '../../records/text.ts';
import { many } from '../../records/zoho-shapes.ts';

const contains = filter.optional();
const text = z.string().optional();
const input = z.strictObject({
  contact_name_contains: contains,
  company_name_contains: contains,
  email_contains: contains,
  phone_contains: contains,
  search_text: contains.describe('In name and notes.'),
  filter_by: z.enum(['Status.Active', 'Status.Inactive', 'Invoice.OverDue', 'Invoice.Unpaid']).optional(),
  sort_column: z.enum(['contact_name', 'outstanding_receivable_amount', 'created_time', 'last_modified_time']).optional(),
  sort_order: sortOrder.optional(),
  page: page.optional(),
  per_page: perPage.optional(),
  fields: rowFields.optional(),
});
const output = z.looseObject({
  contacts: z.array(z.looseObject({ contact_id: text, contact_name: text, currency_code: text })).optional(),
});

const list = listing({
  input,
  keys: ['contacts'],
  what: 'customer',
  none: 'No customers match.',
  otherwise: (given) => byNameRoughly('customer_statement', given['contact_name_contains'] ?? given['search_text']),
  usual: [
    'contact_id',
    'contact_name',
    'company_name',
    'status',
    'email',
    'currency_code',
    'outstanding_receivable_amount',
    'unused_credits_receivable_amount',
  ],
  line: () => line,
});

export const listContacts = defineRead({
  name: 'list_contacts',
  title: 'List customers',
  description:
    'Find customers. contact_id is the customer_id of other tools. ' +
    'Names can be similar: if several match, ask the user which customer is meant.',
  module: 'contacts',
  path: '/contacts',
  input,
  output,
  parts: ({ fields: _, ...query }) => ({ query: { contact_type: 'customer', per_page: DEFAULT_PER_PAGE, ...query } }),
  ...list,
  // Zoho's filter `contact_type` also returns some vendors.
  result: (body, input): z.output<typeof output> => {
    const contacts = many(body, 'contacts')?.filter((row) => row['contact_type'] !== 'vendor');
    return list.result({ ...body, contacts }, input);
  },
});

function line(row: Json): string {
  const { contact_name, company_name } = row;
  const another = company_name !== undefined && oneLine(String(company_name)) !== oneLine(String(contact_name));
  return joined(
    recordNameAndId('customer', contact_name, row['contact_id'], 60),
    another && `company ${quoted(company_name, 60)}`,
    ifPresent(row['email'], (email) => `email ${quoted(email, 60)}`),
    `outstanding ${money(row['outstanding_receivable_amount'], row)}`,
    readAmount(row['outstanding_receivable_amount']) === undefined && ifPresent(row['currency_code'], plain),
    readAmount(row['unused_credits_receivable_amount']) !== 0 &&
      ifPresent(row['unused_credits_receivable_amount'], (amount) => `unused credits ${money(amount, row)}`),
    row['status'] !== 'active' && ifPresent(row['status'], plain),
  );
}
