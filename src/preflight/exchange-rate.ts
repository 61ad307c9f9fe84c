import type { RateFacts, Reader } from '../endpoint.ts';
import { getInvoice } from '../endpoints/lookups/get-invoice.ts';
import { InputError } from '../errors.ts';
import { formatConverted, readAmount, sameRate } from '../money.ts';
import { allCurrencies } from '../reading/all-currencies.ts';
import { ifAllowed, ifServed } from '../reading/if-allowed.ts';
import { organizationOf } from '../reading/organization.ts';
import { plain, idText } from '../records/text.ts';
import type { CheckNotes } from './checks.ts';

/** Collects a write's exchange rate and the known rates to compare it with. The policy decides how much they may differ. */

/** Maximum number of a payment's invoices whose rates are read. */
const MOST_INVOICE_RATES = 10;
/** Maximum number of known rates in the question. */
const MOST_SHOWN = 3;

interface RateContext {
  /** The record's currency. */
  readonly currency_code: string | undefined;
  /** The record's amount after the write, to convert it with each rate. Undefined if Zoho does not show it. */
  readonly amount: number | undefined;
  /** Invoices to which the write is applied. */
  readonly invoice_ids?: readonly string[];
  /** Rates of existing records, each with a description such as `of the payment`. */
  readonly standing?: readonly { readonly rate: unknown; readonly of: string }[];
  /**
   * Set if Zoho would use the rate 1 for a call without a rate: `refuse` a new payment, or ask because the rate of a refund `is 1`. Omitted
   * if another check already notes that the customer could not be read.
   */
  readonly ifMissing?: 'refuse' | 'is 1';
}

interface RateNotes extends CheckNotes {
  /** Undefined if nothing can be compared: base currency, no rate given, or a value that the scopes do not show (which is then noted). */
  readonly rate?: RateFacts;
}

/** Refuses a rate other than 1 for the base currency, and a new payment in a foreign currency without a rate. */
export async function checkExchangeRate(rate: number | undefined, compared: RateContext, zoho: Reader): Promise<RateNotes> {
  const { currency_code, amount, ifMissing } = compared;
  if (rate === undefined && ifMissing === undefined) return {};
  const organization = await organizationOf(zoho);
  const base = organization?.currency_code;
  const taken = rate === undefined ? 'not given, so Zoho uses 1' : rate;
  if (base === undefined || currency_code === undefined)
    return {
      lines: [`Exchange rate: ${taken}`],
      not_checked: ['the exchange rate (needs the scopes ZohoBooks.settings.READ and ZohoBooks.contacts.READ)'],
    };
  if (currency_code === base) {
    if (rate === undefined || rate === 1) return {};
    throw new InputError(`The customer pays in ${idText(base)}, the base currency: its exchange rate is 1.`, {
      code: 'exchange_rate_of_base',
      next: 'Omit exchange_rate.',
    });
  }
  if (rate === undefined && ifMissing === 'refuse') {
    throw new InputError(
      `The customer pays in ${idText(currency_code)}, the books are in ${idText(base)}: ` +
        'exchange_rate is missing, and Zoho would use 1.',
      {
        code: 'exchange_rate_missing',
        next: `Ask the user for the exchange rate: ${idText(base)} per ${idText(currency_code)}.`,
      },
    );
  }
  if (amount === undefined)
    return { lines: [`Exchange rate: ${taken}`], not_checked: ['the exchange rate (Zoho does not show the amount of the payment)'] };
  const given = rate ?? 1;
  const result = (one: number) => formatConverted(amount, one, plain(base, 10), organization?.price_precision);
  const rates = await knownRates(compared, currency_code, zoho);
  const known = rates.map((one) => ({ ...one, result: result(one.rate) }));
  return {
    rate: { given, result: result(given), known },
    lines: [
      `Exchange rate: ${taken} ${idText(base)} per ${idText(currency_code)}, which makes ${result(given)}`,
      ...known
        .filter((one) => !sameRate(one.rate, given))
        .slice(0, MOST_SHOWN)
        .map((one) => `Exchange rate ${one.of}: ${one.rate}, which would make ${one.result}`),
    ],
    not_checked:
      known.length > 0
        ? []
        : [`the exchange rate (Zoho Books has no rate for ${idText(currency_code)}, and there is no invoice to compare it with)`],
  };
}

/** The amount in base currency, if the record is in another currency. The journal keeps it. */
export type InBase = { readonly in_base?: string | undefined };

export function inBase({ in_base }: InBase = {}): string | undefined {
  return in_base && `In base currency: ${in_base}.`;
}

/** The known rates without repeats: the currency's rate, then the rates of existing records, then the rates of invoices. */
async function knownRates(
  { invoice_ids = [], standing = [] }: RateContext,
  currency_code: string,
  zoho: Reader,
): Promise<{ rate: number; of: string }[]> {
  const [kept, ...invoices] = await Promise.all([
    keptRate(currency_code, zoho),
    ...[...new Set(invoice_ids)].slice(0, MOST_INVOICE_RATES).map((invoice_id) => invoiceRate(invoice_id, zoho)),
  ]);
  const found = [kept, ...standing.map(({ rate, of }) => knownRate(rate, of)), ...invoices].filter((one) => one !== undefined);
  return found.filter((one, i) => found.findIndex(({ rate }) => sameRate(rate, one.rate)) === i);
}

async function keptRate(currency_code: string, zoho: Reader): Promise<{ rate: number; of: string } | undefined> {
  const found = await ifServed(zoho.settled.read(allCurrencies, {}));
  const currency = found?.currencies?.find((one) => one.currency_code === currency_code);
  return knownRate(currency?.exchange_rate, `set for ${idText(currency_code)}`);
}

/** The rate of an invoice. Undefined if the invoice does not exist: `checkInvoices` reports that. */
async function invoiceRate(invoice_id: string, zoho: Reader): Promise<{ rate: number; of: string } | undefined> {
  const found = await ifAllowed(zoho.read(getInvoice, { invoice_id })).catch((error: unknown) => {
    if (error instanceof InputError) return undefined;
    throw error;
  });
  return knownRate(found?.invoice?.['exchange_rate'], `of invoice ${plain(found?.invoice?.invoice_number ?? invoice_id)}`);
}

/** A rate with its description. Undefined if it is not a plain number or is 0, which means that Zoho has no rate. */
function knownRate(value: unknown, of: string): { rate: number; of: string } | undefined {
  const rate = readAmount(typeof value === 'string' ? value.trim() : value);
  return rate !== undefined && rate > 0 ? { rate, of } : undefined;
}
