import { folded } from './same-name.ts';

/** Modes of payment as people say them: `bank transfer` is banktransfer, and a cheque is a check. */

const squeezed = (mode: unknown) =>
  folded(mode)
    .replace(/[^\p{L}\p{M}\p{N}]/gu, '')
    .replace('cheque', 'check');

export function isMode(said: string, mode: unknown): boolean {
  return squeezed(said) !== '' && squeezed(mode).includes(squeezed(said));
}

/** What the mode is sure to contain, as Zoho's filter: however a cheque is written. */
export function modeFilter(said: string): string {
  return (
    folded(said)
      .split(/[^\p{L}\p{M}\p{N}]+/u)
      .find((word) => word.length > 2)
      ?.replace(/che(ck|que).*/, 'che') ?? said
  );
}
