import * as z from 'zod';
import { defineRead } from '../../endpoint.ts';
import type { Json } from '../../json.ts';
import { DEFAULT_PER_PAGE, page, perPage } from '../../records/fields.ts';
import { joined, listing, ifPresent } from '../../records/list-results.ts';
import { plain, quoted, idText } from '../../records/text.ts';

const text = z.string().optional();
const input = z.strictObject({ page: page.optional(), per_page: perPage.optional() });
const output = z.looseObject({
  currencies: z.array(z.looseObject({ currency_id: text, currency_code: text, exchange_rate: z.number().optional() })).optional(),
});

export const listCurrencies = defineRead({
  name: 'list_currencies',
  title: 'List currencies',
  description:
    "Currencies: decimals, and Zoho's exchange rate to the base currency, if any. For a payment, ask the user for the rate instead.",
  module: 'settings',
  path: '/settings/currencies',
  resources: [
    {
      uri: 'zoho-books://currencies',
      name: 'currencies',
      title: 'Currencies',
      description: 'Currencies, with the same content as the answer of list_currencies.',
      mimeType: 'application/json',
    },
  ],
  input,
  output,
  parts: (query) => ({ query: { per_page: DEFAULT_PER_PAGE, ...query } }),
  ...listing({
    input,
    keys: ['currencies'],
    what: 'currency',
    none: 'There are no currencies.',
    usual: ['currency_id', 'currency_code', 'currency_name', 'price_precision', 'is_base_currency', 'exchange_rate', 'effective_date'],
    line: () => line,
  }),
});

function line(row: Json): string {
  return joined(
    ifPresent(row['currency_code'], plain),
    ifPresent(row['currency_name'], (name) => quoted(name, 40)),
    ifPresent(row['price_precision'], (decimals) => `${plain(decimals)} decimals`),
    row['is_base_currency'] === true && 'base currency',
    // Zoho sends 0 if it has no rate.
    ifPresent(row['exchange_rate'] || undefined, (rate) => `rate ${plain(rate)}`),
    ifPresent(row['effective_date'], (day) => `of ${plain(day)}`),
    `id ${idText(row['currency_id'])}`,
  );
}
