import * as z from 'zod';
import { defineRead } from '../endpoint.ts';
import { many } from './shape.ts';

const text = z.string().optional();
const output = z.looseObject({
  bankaccounts: z.array(z.looseObject({ account_id: text, account_name: text, account_type: text, currency_code: text, is_active: z.boolean().optional() })).optional(),
});

/** Cash and bank accounts, Petty Cash and Undeposited Funds among them. Not a tool yet: preflights read it. */
export const listBankAccounts = defineRead({
  name: 'list_bank_accounts',
  title: 'List bank accounts',
  description: 'Cash and bank accounts: where payments go and refunds come from.',
  module: 'banking',
  path: '/bankaccounts',
  input: z.strictObject({}),
  output,
  result: (body): z.output<typeof output> => {
    const bankaccounts = many(body, 'bankaccounts');
    return bankaccounts ? { bankaccounts } : {};
  },
  text: ({ bankaccounts = [] }) => `${bankaccounts.length} accounts.`,
});
