import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Judged } from '../concern.ts';
import type { Json, Undo } from '../endpoint.ts';
import { PaymentsError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import { requestId } from '../trace.ts';

/** What a tool call returns: short text to act on, and the same facts in structured form. */

/** Set when everything comes from the sandbox: said in every result, so that nobody takes play money for the real books. */
export const SANDBOX_NOTE = 'SANDBOX: practice books on this machine, not real money.';

/** What became of a write: in every result of one. */
export interface WriteFacts extends Judged {
  readonly outcome: 'recorded' | 'not_recorded' | 'unknown';
  /** Answered from the journal: nothing was sent now. */
  readonly replayed?: boolean;
  /** The call that takes it back. */
  readonly undo?: Undo | undefined;
  /** The write in the journal. */
  readonly write_id?: string | undefined;
}

export function succeeded(result: Json, text: string, links: CallToolResult['content'], sandbox: boolean): CallToolResult {
  return {
    content: [{ type: 'text', text: marked(text, sandbox) }, ...links],
    structuredContent: { ...result, ...(sandbox && { sandbox: true }) },
  };
}

export function failed(error: PaymentsError, sandbox: boolean, write?: WriteFacts): CallToolResult {
  return {
    isError: true,
    content: [{ type: 'text', text: marked(linesOf(error), sandbox) }],
    structuredContent: { error: errorFacts(error), ...write, ...(sandbox && { sandbox: true }) },
  };
}

/** The four lines a model reads, with the id of the call as the log knows it. */
export function linesOf(error: PaymentsError): string {
  return [...error.lines.split('\n').slice(0, 3), `(${[error.code, requestId()].filter(Boolean).join(', ')})`].join('\n');
}

/** The facts of an error, as they stand in structured results and in the data of protocol errors. */
export function errorFacts(error: PaymentsError): Json {
  const { code, changed, message, next, zoho, mostCharacters } = error;
  const id = requestId();
  return {
    code,
    changed,
    message: oneLine(message, mostCharacters),
    next,
    ...(id && { request_id: id }),
    ...(zoho && { zoho: { code: zoho.code, message: oneLine(zoho.message) } }),
  };
}

export function marked(text: string, sandbox: boolean): string {
  return sandbox ? `${SANDBOX_NOTE}\n${text}` : text;
}
