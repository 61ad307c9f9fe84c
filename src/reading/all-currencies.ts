import * as z from 'zod';
import { defineOperation } from '../endpoint.ts';
import { listCurrencies } from '../endpoints/lookups/list-currencies.ts';
import { many } from '../records/zoho-shapes.ts';

const text = z.string().optional();

/** Reads all currencies. The tool `list_currencies` shows only as many as fit into its answer. */
export const allCurrencies = defineOperation({
  name: listCurrencies.name,
  module: 'settings',
  path: listCurrencies.path,
  input: z.strictObject({}),
  output: z.looseObject({
    currencies: z
      .array(z.looseObject({ currency_code: text, currency_name: text, currency_symbol: text, exchange_rate: z.unknown().optional() }))
      .optional(),
  }),
  parts: () => ({ query: { per_page: 200 } }),
  result: (body) => ({ currencies: many(body, 'currencies') }),
});
