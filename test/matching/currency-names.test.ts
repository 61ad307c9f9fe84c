import { describe, expect, it } from 'vitest';
import type { Reader } from '../../src/endpoint.ts';
import { isCurrency } from '../../src/matching/currency-names.ts';
import { altered } from '../support/altered.ts';
import { requestsTo } from '../support/books.ts';
import { closers } from '../support/closers.ts';
import { textOf, type Harness } from '../support/harness.ts';
import { startSandbox } from '../support/sandbox.ts';
import { servers } from '../support/servers.ts';

/** Compares currencies in everyday words with the customer's currency. */

const start = servers();

/** Books without data about currencies. */
const silent = { settled: { read: async () => ({}) } } as unknown as Reader;

describe('a name of a currency', () => {
  it.each([
    ['USD', ['USD', 'usd', ' Usd ', '$', 'US$', 'us $', 'USD $', '$US', 'US Dollar', 'US dollars', 'U.S. Dollars', 'dollar', 'Dollars']],
    [
      'USD',
      [
        'US-Dollar',
        'dólares',
        'dollar américain'.replace('américain', 'des États-Unis'),
        'ドル'.replace('ドル', '米ドル'),
        '＄',
        'dollars (USD)',
      ],
    ],
    ['USD', ['American dollars', 'dollars américains']],
    ['AED', ['Dhs', 'dirhams']],
    ['TRY', ['TL', 'lira']],
    ['ILS', ['NIS', 'shekels']],
    ['EUR', ['€', 'EUR', 'euro', 'Euro', 'EUROS', 'euros', '€ EUR', 'Eur.', 'ユーロ', 'евро']],
    ['JPY', ['¥', '￥', 'yen', 'Yen', 'Japanese yen', 'JPY', '円', '日本円', 'JP¥']],
    ['CAD', ['$', 'C$', 'CA$', 'CAD $', 'dollars', 'Canadian Dollar', 'canadian dollars']],
    ['AUD', ['$', 'A$', 'AU$', 'Australian dollars']],
    ['NZD', ['NZ$', '$', 'New Zealand dollar']],
    ['SGD', ['S$', '$']],
    ['HKD', ['HK$', '$']],
    ['GBP', ['£', 'pound', 'pounds', 'British pounds', 'pound sterling', 'sterling', 'GBP']],
    ['CHF', ['CHF', 'Fr.', 'francs', 'Swiss franc', 'Schweizer Franken', 'SFr.']],
    ['INR', ['₹', 'Rs', 'Rs.', 'rupees', 'Indian Rupee']],
    ['SEK', ['kr', 'Kr.', 'kronor', 'Swedish krona']],
    ['NOK', ['kr', 'kroner']],
    ['CNY', ['¥', 'yuan', 'RMB', '元']],
    ['BRL', ['R$', 'reais', 'real']],
    ['KRW', ['₩', 'won']],
  ])('is accepted for %s: %j', async (code, all) => {
    for (const said of all) expect(await isCurrency(said, code, silent), said).toBe(true);
  });

  it.each([
    ['EUR', ['$', 'USD', 'dollars', '¥', 'pounds', 'US Dollar', '', ' ', '.', '450', 'EURX', 'credits']],
    ['USD', ['€', 'euro', 'CAD', 'C$', 'A$', 'Canadian dollars', 'AU$', 'R$', 'us pounds', '$€']],
    ['CAD', ['US$', 'USD', 'US Dollar', 'A$', 'Australian dollars']],
    ['JPY', ['€', 'yuan', '$', 'CN¥', 'won']],
    ['GBP', ['€', 'lira', '$', 'EGP']],
    ['SEK', ['NOK', 'Norwegian kroner', 'Danish krone']],
  ])('is not accepted for %s: %j', async (code, all) => {
    for (const said of all) expect(await isCurrency(said, code, silent), said).toBe(false);
  });
});

const given = { amount: 10, payment_mode: 'cash', date: '2026-06-30', allocate: 'as_credit' };
const codeOf = async (server: Harness, customer: string, currency: string, exchange_rate?: number) => {
  const result = await server.call('record_customer_payment', { ...given, customer, currency, ...(exchange_rate && { exchange_rate }) });
  return result.isError ? (result.structuredContent['error'] as { code: string }).code : textOf(result).slice(0, 8);
};

describe('record_customer_payment', () => {
  it("accepts the customer's currency in everyday words", async () => {
    const server = await start();
    for (const currency of ['$', 'US Dollar'])
      expect(await codeOf(server, 'Bowman Furniture', currency), currency).toMatch(/Recorded|suspecte/);
    expect(await codeOf(server, 'Möbelhaus Lindner GmbH', '€', 1.08)).toBe('Recorded');
    expect(await codeOf(server, 'Sakura Interiors K.K.', 'Japanese Yen', 0.0065)).toBe('Recorded');
    expect(await codeOf(server, 'Acme Corp', 'US dollars')).toBe('Recorded');
  });

  it("names the customer's currency if the call has a different currency", async () => {
    const server = await start();
    const result = await server.call('record_customer_payment', { ...given, customer: 'Möbelhaus Lindner GmbH', currency: 'US dollars' });
    expect(textOf(result)).toContain('The user said "US dollars", but this customer\'s currency in Zoho is EUR');
    expect(await codeOf(server, 'Bowman Furniture', '€')).toBe('wrong_currency');
    expect((await requestsTo(server.sandbox)).filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it("accepts the organization's own name of the currency", async () => {
    const sandbox = await startSandbox();
    const zoho = await altered(sandbox, {
      body: (body, _, path) =>
        path === '/settings/currencies'
          ? {
              ...body,
              currencies: (body['currencies'] as { currency_code: string }[]).map((row) =>
                row.currency_code === 'USD' ? { ...row, currency_symbol: 'Ѫ', currency_name: 'Greenbacks' } : row,
              ),
            }
          : body,
    });
    const server = await start({ on: sandbox, at: zoho });
    closers.push(
      () => sandbox.close(),
      () => zoho.close(),
    );
    expect(await codeOf(server, 'Bowman Furniture', 'greenbacks')).toBe('Recorded');
    expect(await codeOf(server, 'Acme Corp', 'Ѫ')).toBe('Recorded');
    expect(await codeOf(server, 'Acme Corporation', 'doubloons')).toBe('wrong_currency');
  });
});
