import type { Reader } from '../endpoint.ts';
import { allCurrencies } from '../reading/all-currencies.ts';
import { ifServed } from '../reading/if-allowed.ts';
import { folded, isSameName, wordsIn } from './same-name.ts';

/** Recognizes currencies by code, symbol or name, in several languages. */

const LOCALES = 'en en-AU en-CA en-IN de fr es it pt nl sv da nb fi pl cs hu tr ru el hi ar th ko ja zh'.split(' ');

/** Common names that `Intl` does not have in these languages. */
const ALSO_SAID: Readonly<Record<string, string>> = {
  CHF: 'fr sfr',
  INR: 'rs',
  CNY: 'rmb 元',
  GBP: 'sterling',
  JPY: '円',
  USD: 'american americain americains',
  AED: 'dhs',
  ILS: 'nis',
  KES: 'ksh',
  TRY: 'tl',
  UAH: 'грн',
  RUB: 'руб',
};

/**
 * True if the user may mean this currency. A name that several currencies share, such as "$" or "dollars", fits all of them. If no
 * language has the name, the server reads the organization's own currency names from Zoho.
 */
export async function isCurrency(said: string, code: string, zoho: Reader): Promise<boolean> {
  if (said.trim().toUpperCase() === code.toUpperCase()) return true;
  if (fitsCurrency(said, code, namesOf(code))) return true;
  const own = (await ifServed(zoho.settled.read(allCurrencies, {})))?.currencies?.find(({ currency_code }) => currency_code === code);
  return own !== undefined && fitsCurrency(said, code, [...namesOf(code), own.currency_symbol, own.currency_name]);
}

/** True if each word is a word of one of the names, or a symbol, perhaps with the beginning of the code: "US$", "A$", "€ EUR". */
function fitsCurrency(said: string, code: string, names: readonly unknown[]): boolean {
  const all = names.map(undotted);
  const symbols = new Set(all.flatMap((name) => name.match(/\p{Sc}/gu) ?? []));
  const words = [code, ...all.flatMap(wordsIn)];
  const fits = (token: string): boolean => {
    const [symbol, ...others] = token.match(/\p{Sc}/gu) ?? [];
    if (symbol === undefined) return words.some((word) => isSameName(word, token));
    const letters = token.replaceAll(/\P{L}/gu, '');
    return all.includes(token) || (others.length === 0 && symbols.has(symbol) && folded(code).startsWith(letters));
  };
  const text = undotted(said);
  const tokens = text.split(/[^\p{L}\p{M}\p{Sc}]+/u).filter(Boolean);
  return all.includes(text) || fits(tokens.join('')) || (tokens.length > 0 && tokens.every(fits));
}

const undotted = (text: unknown): string => folded(text).replaceAll('.', '').trim();

/** The symbols and names of a currency, singular and plural. */
function namesOf(code: string): string[] {
  if (!/^[A-Za-z]{3}$/.test(code)) return [];
  const ofLocale = (locale: string) => [
    new Intl.DisplayNames(locale, { type: 'currency' }).of(code) ?? '',
    ...(['symbol', 'narrowSymbol', 'name'] as const).flatMap((currencyDisplay) => {
      const format = new Intl.NumberFormat(locale, { style: 'currency', currency: code, currencyDisplay });
      return (currencyDisplay === 'name' ? [1, 2, 5] : [1]).map((count) =>
        format
          .formatToParts(count)
          .filter(({ type }) => type === 'currency')
          .map(({ value }) => value)
          .join(''),
      );
    }),
  ];
  return [...LOCALES.flatMap(ofLocale), ...(ALSO_SAID[code] ?? '').split(' ')].filter(Boolean);
}
