import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Judged } from '../concern.ts';
import type { PaymentsError } from '../errors.ts';
import { guarded, oneLine } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import type { Report } from '../report.ts';
import type { Started } from '../started.ts';
import { requestId } from '../trace.ts';
import { errorText, marked, nextText, offeredIn, reportText, settingsHere, stepsIn, type Edge } from './render.ts';

/**
 * What a tool call returns: short text to act on, and the same facts in structured form. Some hosts give the model only one of them, so
 * nothing hides in either.
 */

/** What became of a write: in every result of one. */
export interface WriteFacts extends Judged {
  readonly outcome: 'recorded' | 'not_recorded' | 'unknown';
  /** Answered from the journal: nothing was sent now. */
  readonly replayed?: boolean;
  /** The write in the journal. */
  readonly write_id?: string | undefined;
}

export function succeeded(result: Json, report: Report, edge: Edge, links: CallToolResult['content'] = []): CallToolResult {
  const { sandbox } = edge;
  const shown = offeredIn(report, edge);
  const { next, undo, after } = shown;
  return {
    content: [{ type: 'text', text: marked(reportText(shown), sandbox) }, ...links],
    structuredContent: guarded({
      ...result,
      ...(after && { after }),
      ...(undo && { undo }),
      ...(next.length > 0 && { next }),
      ...(sandbox && { sandbox: true }),
    }),
  };
}

export function failed(error: PaymentsError, { offered, sandbox, started }: Edge, write?: WriteFacts): CallToolResult {
  return {
    isError: true,
    content: [{ type: 'text', text: marked(errorText(error, offered, started), sandbox) }],
    structuredContent: guarded({
      error: errorFacts(error, offered, started),
      next: stepsIn(error.next, offered, started),
      ...write,
      ...(sandbox && { sandbox: true }),
    }),
  };
}

/** The facts of an error, as they stand in structured results and in the data of protocol errors. */
export function errorFacts(error: PaymentsError, offered: ReadonlySet<string>, started?: Started): Json {
  const { code, changed, shownMessage, retry, retryAt, zoho, chosen } = error;
  const id = requestId();
  return guarded({
    code,
    changed,
    message: settingsHere(error, shownMessage, started),
    next: nextText(error, offered, started),
    retry,
    ...(retryAt && { retry_at: retryAt.toISOString() }),
    ...(id && { request_id: id }),
    ...(chosen && { chosen }),
    ...(zoho && { zoho: { code: zoho.code, message: oneLine(zoho.message) } }),
  });
}
