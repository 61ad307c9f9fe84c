import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Judged } from '../concern.ts';
import type { PaymentsError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import type { Report } from '../report.ts';
import { requestId } from '../trace.ts';
import { errorText, marked, nextText, offeredIn, reportText, stepsIn, type Edge } from './render.ts';

/** What a tool call returns: short text to act on, and the same facts in structured form. */

/** What became of a write: in every result of one. */
export interface WriteFacts extends Judged {
  readonly outcome: 'recorded' | 'not_recorded' | 'unknown';
  /** Answered from the journal: nothing was sent now. */
  readonly replayed?: boolean;
  /** The write in the journal. */
  readonly write_id?: string | undefined;
}

export function succeeded(result: Json, report: Report, { offered, sandbox }: Edge, links: CallToolResult['content'] = []): CallToolResult {
  const shown = offeredIn(report, offered);
  const { next, undo, after } = shown;
  return {
    content: [{ type: 'text', text: marked(reportText(shown), sandbox) }, ...links],
    structuredContent: {
      ...result,
      ...(after && { after }),
      ...(undo && { undo }),
      ...(next.length > 0 && { next }),
      ...(sandbox && { sandbox: true }),
    },
  };
}

export function failed(error: PaymentsError, { offered, sandbox }: Edge, write?: WriteFacts): CallToolResult {
  return {
    isError: true,
    content: [{ type: 'text', text: marked(errorText(error, offered), sandbox) }],
    structuredContent: {
      error: errorFacts(error, offered),
      next: stepsIn(error.next, offered),
      ...write,
      ...(sandbox && { sandbox: true }),
    },
  };
}

/** The facts of an error, as they stand in structured results and in the data of protocol errors. */
export function errorFacts(error: PaymentsError, offered: ReadonlySet<string>): Json {
  const { code, changed, shownMessage, retry, retryAt, zoho } = error;
  const id = requestId();
  return {
    code,
    changed,
    message: shownMessage,
    next: nextText(error, offered),
    retry,
    ...(retryAt && { retry_at: retryAt.toISOString() }),
    ...(id && { request_id: id }),
    ...(zoho && { zoho: { code: zoho.code, message: oneLine(zoho.message) } }),
  };
}
