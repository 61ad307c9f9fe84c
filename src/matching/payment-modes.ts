import { asMode, ownMode } from '../records/payment-mode.ts';
import { folded, wordsIn } from './same-name.ts';

/** Compares payment modes in the spelling of users: `bank transfer` means Zoho's banktransfer, and a cheque is a check. */

const squeezed = (mode: unknown) =>
  folded(mode)
    .replace(/[^\p{L}\p{M}\p{N}]/gu, '')
    .replace('cheque', 'check');

/** True if the mode fits the user's words. The mode must also pass `modeFilter`, so that searches with and without Zoho's filter agree. */
export function isMode(said: string, mode: unknown): boolean {
  if (!folded(mode).includes(modeFilter(said))) return false;
  if (ownMode(said) !== undefined && asMode(String(mode ?? '')) === ownMode(said)) return true;
  const word = squeezed(said);
  return word.length > (ownMode(said) === undefined ? 0 : 2) && squeezed(mode).includes(word);
}

/** Text for Zoho's `contains` that every spelling of the mode contains: cheque or check, with or without spaces. */
export function modeFilter(said: string): string {
  const words = wordsIn(folded(said));
  const own = ownMode(said);
  // Letters that are in both "wire" and "banktransfer", or both "cc" and "creditcard": an organization may have a mode "Wire" or "CC".
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
