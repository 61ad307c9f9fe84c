import * as z from 'zod';
import { defineOperation } from '../endpoint.ts';
import { isObject } from '../json.ts';
import { pageContext } from '../records/fields.ts';
import { many, withoutEmpty } from '../records/zoho-shapes.ts';

const text = z.string().optional();
const output = z.looseObject({
  retainerinvoices: z
    .array(z.looseObject({ retainerinvoice_id: text, retainerinvoice_number: text, customer_id: text, balance: z.number().optional() }))
    .optional(),
  page_context: pageContext,
});

/** The newest retainer invoices, one page of at most 200. Not a tool: preflights read it. */
export const listRetainerInvoices = defineOperation({
  name: 'list_retainer_invoices',
  module: 'invoices',
  path: '/retainerinvoices',
  input: z.strictObject({}),
  output,
  parts: () => ({ query: { sort_column: 'created_time', sort_order: 'D', per_page: 200 } }),
  result: (body): z.output<typeof output> => {
    const { page_context } = body;
    return { retainerinvoices: many(body, 'retainerinvoices')?.map(withoutEmpty), ...(isObject(page_context) && { page_context }) };
  },
});
