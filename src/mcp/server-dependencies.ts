import type { Endpoint, Reader } from '../endpoint.ts';
import type { PaymentsError } from '../errors.ts';
import type { Started } from '../started.ts';
import type { Log } from '../trace.ts';
import type { Workflow } from '../workflow.ts';
import type { Entry, Journal } from '../write/journal/journal.ts';
import type { ListCall, ListPerformed } from '../write/list-types.ts';
import type { Call, Performed } from '../write/types.ts';
import type { Zoho } from '../zoho/client.ts';
import type { Quota } from '../zoho/limits.ts';

/** Reads from Zoho. `until` returns reads that stop when the signal aborts. */
export interface ZohoReads extends Pick<Zoho, 'read' | 'document'> {
  until(signal: AbortSignal | undefined): ZohoReads;
}

/** What the MCP server needs: tools, access to Zoho, writes and the journal. */
export interface Books {
  readonly endpoints: readonly Endpoint[];
  readonly workflows: readonly Workflow[];
  /** The error for a call of a tool that is switched off, by the tool's name. */
  readonly switchedOff?: ReadonlyMap<string, PaymentsError>;
  readonly zoho: ZohoReads;
  /** The reader for workflows. Opened at the first use. */
  reader(signal: AbortSignal | undefined): Promise<Reader>;
  /** The used part of Zoho's rate limits, as far as this machine knows. */
  quota(): Promise<Quota>;
  /** Makes a write. No other way to write exists. */
  write(call: Call): Promise<Performed>;
  /** Makes the writes of a list, one for each row, with the same safeguards. */
  writeList(call: ListCall): Promise<ListPerformed>;
  /** The writes of another caller than the person on this machine: its keys and approvals are separate from all others. */
  as(caller: string): Pick<Books, 'write' | 'writeList'>;
  /** The journal of writes. Opened at the first use. */
  journal(): Promise<Journal>;
  /** When the grace period of an unsettled write ends. Undefined if it has ended. */
  graceEnds(entry: Entry): Promise<Date | undefined>;
  /** The organization's time zone. It is also known while Zoho cannot be reached, if Zoho sent it before. */
  timeZone(): Promise<string | undefined>;
  /** True for the practice books. */
  readonly sandbox: boolean;
  readonly version: string;
  readonly started: Started;
  readonly log: Log;
}
