import type { Endpoint, Reader } from '../endpoint.ts';
import type { PaymentsError } from '../errors.ts';
import type { Started } from '../started.ts';
import type { Log } from '../trace.ts';
import type { Workflow } from '../workflow.ts';
import type { Entry, Journal } from '../write/journal/journal.ts';
import type { ListCall, ListPerformed } from '../write/perform-list.ts';
import type { Call, Performed } from '../write/types.ts';
import type { Zoho } from '../zoho/client.ts';
import type { Quota } from '../zoho/limits.ts';

/** Reading Zoho, given up when `signal` says so. */
export interface ZohoReads extends Pick<Zoho, 'read' | 'document'> {
  until(signal: AbortSignal | undefined): ZohoReads;
}

/** What the protocol side needs to know of the books it serves. */
export interface Books {
  readonly endpoints: readonly Endpoint[];
  readonly workflows: readonly Workflow[];
  /** By name, why another tool cannot be called here: what a call of it ends with. */
  readonly switchedOff?: ReadonlyMap<string, PaymentsError>;
  readonly zoho: ZohoReads;
  /** All that a workflow may do with Zoho. Opened when first asked for. */
  reader(signal: AbortSignal | undefined): Promise<Reader>;
  /** How much of Zoho's limits is used, as far as it is known on this machine. */
  quota(): Promise<Quota>;
  /** The one road a write may take. */
  write(call: Call): Promise<Performed>;
  /** The same road for each row of a list. */
  writeList(call: ListCall): Promise<ListPerformed>;
  /** What was written. Opened when first asked for. */
  journal(): Promise<Journal>;
  /** When a look settles an unsettled write, as far as that is ahead. */
  graceEnds(entry: Entry): Promise<Date | undefined>;
  /** The organization's; also while Zoho cannot be reached, if it was told before. */
  timeZone(): Promise<string | undefined>;
  /** Everything is play money. */
  readonly sandbox: boolean;
  readonly version: string;
  readonly started: Started;
  readonly log: Log;
}
