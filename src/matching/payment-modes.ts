import { asMode, ownMode } from '../records/payment-mode.ts';
import { folded } from './same-name.ts';

/** Modes of payment as people say them: `bank transfer` is banktransfer, and a cheque is a check. */

const squeezed = (mode: unknown) =>
  folded(mode)
    .replace(/[^\p{L}\p{M}\p{N}]/gu, '')
    .replace('cheque', 'check');

export function isMode(said: string, mode: unknown): boolean {
  if (ownMode(said) !== undefined && asMode(String(mode ?? '')) === ownMode(said)) return true;
  const word = squeezed(said);
  return word.length > (ownMode(said) === undefined ? 0 : 2) && squeezed(mode).includes(word);
}

/** What the mode is sure to contain, as Zoho's filter: however a cheque is written. */
export function modeFilter(said: string): string {
  const words = folded(said).split(/[^\p{L}\p{M}\p{N}]+/u);
  const own = ownMode(said);
  // Of "wire" and "banktransfer".
  if (own === 'banktransfer') return words.some((word) => word.startsWith('wire')) ? 'r' : 'transfer';
  return own === undefined ? (words.find((word) => word.length > 2)?.replace(/che(ck|que).*/, 'che') ?? said) : (SURE_PART[own] ?? own);
}

const SURE_PART: Readonly<Record<string, string>> = { check: 'che', creditcard: 'card', others: 'other' };
