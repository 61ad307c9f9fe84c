import { MINUTE_MS } from '../time.ts';

/** The time limits of a write. */
export interface Timings {
  /** The grace period: the longest time in which Zoho may still carry out a request whose answer was lost. */
  readonly graceMs: number;
  /** The time in which the same call looks for its write after the answer was lost. */
  readonly lookMs: number;
  /** The time for all steps before the claim. If it is over, nothing is claimed. */
  readonly beforeClaimMs: number;
  /** The time for the whole call, including sending and looking. Hosts cancel a call after 60 s. */
  readonly wholeCallMs: number;
  /** The longest time between the note `sent` and the socket write. If it is exceeded, the write is not sent and not recorded. */
  readonly fenceMs: number;
  /** The time in which the user is not asked again about a write that they declined. */
  readonly declinedMs: number;
  /** An answer that comes faster is from a program, because no person can read a question in this time. */
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

/** Zoho's clock shows whole seconds only, and its answers take some time. */
const ROUNDING_MS = 2_000;

/** The end of the grace period of a request that was sent at `sentAt`: from then on a search can settle it. Undefined if it has passed. */
export function graceEnds({ sentAt }: { readonly sentAt?: string }, { graceMs, fenceMs }: Timings): Date | undefined {
  const ends = Date.parse(sentAt ?? '') + fenceMs + graceMs + ROUNDING_MS;
  return ends > Date.now() ? new Date(ends) : undefined;
}
