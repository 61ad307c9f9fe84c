import { MINUTE_MS } from '../time.ts';

/** How long things may take. */
export interface Timings {
  /** How long Zoho may take to carry out a request whose answer was lost. */
  readonly graceMs: number;
  /** How long to look within the same call after an answer was lost. */
  readonly lookMs: number;
  /** Everything in a call before its claim; past it nothing is claimed. */
  readonly beforeClaimMs: number;
  /** The whole of one call, sending and looking included: hosts give up after 60 s. */
  readonly wholeCallMs: number;
  /** The most between `sent` and the socket write; past it the write counts as never sent, and is not. */
  readonly fenceMs: number;
  /** How long a declined write is not asked about again. */
  readonly declinedMs: number;
  /** An answer that comes faster is a program's: no person has read the question. */
  readonly fastestAnswerMs: number;
}

export const ordinaryTimings: Timings = {
  graceMs: 5 * MINUTE_MS,
  lookMs: 10_000,
  beforeClaimMs: 15_000,
  wholeCallMs: 45_000,
  fenceMs: 5_000,
  declinedMs: 5 * MINUTE_MS,
  fastestAnswerMs: 300,
};

/** Zoho's clock tells whole seconds, and its answers take a while. */
const ROUNDING_MS = 2_000;

/** When a look settles a request that was sent then, as far as that is ahead: by then it can no longer be carried out. */
export function graceEnds({ sentAt }: { readonly sentAt?: string }, { graceMs, fenceMs }: Timings): Date | undefined {
  const ends = Date.parse(sentAt ?? '') + fenceMs + graceMs + ROUNDING_MS;
  return ends > Date.now() ? new Date(ends) : undefined;
}
