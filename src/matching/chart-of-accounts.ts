import * as z from 'zod';
import { defineOperation } from '../endpoint.ts';
import { many, withoutEmpty } from '../records/zoho-shapes.ts';

const text = z.string().optional();

/**
 * Reads all active accounts of the chart of accounts, up to Zoho's limit of 5000. This operation is only used to look up names and is not a
 * tool. No tool needs its scope, so most logins do not have the scope.
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
