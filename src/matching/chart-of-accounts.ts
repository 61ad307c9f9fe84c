import * as z from 'zod';
import { defineOperation } from '../endpoint.ts';
import { many, withoutEmpty } from '../records/zoho-shapes.ts';

const text = z.string().optional();

/**
 * Every active account of the books, as many as Zoho shows at once (5000). Not a tool: names are looked up in it. Its scope is none that
 * the tools need, so most credentials do not have it.
 */
export const listChartOfAccounts = defineOperation({
  name: 'list_chart_of_accounts',
  module: 'accountants',
  path: '/chartofaccounts',
  input: z.strictObject({}),
  output: z.looseObject({
    chartofaccounts: z.array(z.looseObject({ account_id: text, account_name: text, is_active: z.boolean().optional() })).optional(),
  }),
  parts: () => ({ query: { filter_by: 'AccountType.Active' } }),
  result: (body) => ({ chartofaccounts: many(body, 'chartofaccounts')?.map(withoutEmpty) }),
});
