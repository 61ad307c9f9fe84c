import * as z from 'zod';
import { defineRead } from '../endpoint.ts';
import { id } from './fields.ts';
import { one, withoutEmpty } from './shape.ts';
import { quoted } from './words.ts';

const text = z.string().optional();
const output = z.looseObject({
  invoice: z.looseObject({ invoice_id: text, invoice_number: text, customer_id: text, customer_name: text, status: text, currency_code: text, total: z.number().optional(), balance: z.number().optional() }).optional(),
});

/** An invoice, for its balance before money is applied. Not a tool yet: preflights read it. */
export const getInvoice = defineRead({
  name: 'get_invoice',
  title: 'Get an invoice',
  description: 'One invoice: customer, status, total and balance.',
  module: 'invoices',
  path: '/invoices/{invoice_id}',
  input: z.strictObject({ invoice_id: id }),
  output,
  result: (body): z.output<typeof output> => {
    const invoice = one(body, 'invoice');
    return invoice ? { invoice: withoutEmpty(invoice) } : {};
  },
  text: ({ invoice = {} }) => `${quoted(invoice.invoice_number)} (id ${invoice.invoice_id}), balance ${invoice.balance}.`,
});
