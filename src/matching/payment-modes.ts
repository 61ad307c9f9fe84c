import { asMode, ownMode } from '../records/payment-mode.ts';
import { folded, wordsIn } from './same-name.ts';

/** Modes of payment as people say them: `bank transfer` is banktransfer, and a cheque is a check. */

const squeezed = (mode: unknown) =>
  folded(mode)
    .replace(/[^\p{L}\p{M}\p{N}]/gu, '')
    .replace('cheque', 'check');

/** One that Zoho's own filter finds, so that it is the same wherever it is asked. */
export function isMode(said: string, mode: unknown): boolean {
  if (!folded(mode).includes(modeFilter(said))) return false;
  if (ownMode(said) !== undefined && asMode(String(mode ?? '')) === ownMode(said)) return true;
  const word = squeezed(said);
  return word.length > (ownMode(said) === undefined ? 0 : 2) && squeezed(mode).includes(word);
}

/** What the mode is sure to contain, as Zoho's filter: however a cheque is written, with blanks in it or without. */
export function modeFilter(said: string): string {
  const words = wordsIn(folded(said));
  const own = ownMode(said);
  // Of "wire" and "banktransfer", of "cc" and "creditcard". An organization may tell a wire from a bank transfer, or have a "CC".
  if (own === 'banktransfer') return words.some((word) => word.startsWith('wire')) ? 'r' : 'transfer';
  if (own === 'creditcard') return words.includes('cc') ? 'c' : 'card';
  if (own !== undefined) return SURE_PART[own] ?? own;
  const [word = folded(said)] = words.toSorted((a, b) => Number(b.length > 2) - Number(a.length > 2));
  return [...word.replace(/^chq/, 'ch')].slice(0, 3).join('');
}

const SURE_PART: Readonly<Record<string, string>> = {
  check: 'ch',
  bankremittance: 'remittance',
  autotransaction: 'transaction',
  others: 'other',
};
