import type { Endpoint } from '../endpoint.ts';
import type { Zoho } from '../zoho/client.ts';

/** What the protocol side needs to know of the books it serves. */
export interface Books {
  readonly endpoints: readonly Endpoint[];
  readonly zoho: Zoho;
  /** Whether Zoho can be asked at all; without credentials the tools are listed and each call says what to set. */
  readonly connected: boolean;
  /** Everything is play money. */
  readonly sandbox: boolean;
  readonly version: string;
  /** Problems worth a line on stderr; never customer data. */
  readonly warn: (message: string) => void;
}
