import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Judged } from '../concern.ts';
import type { PaymentsError } from '../errors.ts';
import { guarded, oneLine } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import type { Report } from '../report.ts';
import { requestId } from '../trace.ts';
import { errorText, marked, nextText, offeredIn, reportText, settingsHere, stepsIn, type Edge, type StepsEdge } from './render.ts';

/**
 * Makes the result of a tool call: short text, and the same facts as structured content. Some hosts give the model only the text or only
 * the structured content, so each must be complete.
 */

/** The outcome of a write. Every result of a write has these fields. */
export interface WriteFacts extends Judged {
  readonly outcome: 'recorded' | 'not_recorded' | 'unknown';
  /** True if the answer comes from the journal and this call sent nothing. */
  readonly replayed?: boolean;
  /** The id of the write in the journal. */
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

export function failed(error: PaymentsError, edge: Edge, write?: WriteFacts): CallToolResult {
  const { sandbox } = edge;
  return {
    isError: true,
    content: [{ type: 'text', text: marked(errorText(error, edge), sandbox) }],
    structuredContent: guarded({
      error: errorFacts(error, edge),
      next: stepsIn(error.next, edge),
      ...write,
      ...(sandbox && { sandbox: true }),
    }),
  };
}

/** The facts of an error, for structured results and for the `data` of protocol errors. */
export function errorFacts(error: PaymentsError, edge: StepsEdge): Json {
  const { code, changed, shownMessage, retry, retryAt, zoho, chosen, duplicates } = error;
  const id = requestId();
  return guarded({
    code,
    changed,
    message: settingsHere(error, shownMessage, edge),
    next: nextText(error, edge),
    retry,
    ...(retryAt && { retry_at: retryAt.toISOString() }),
    ...(id && { request_id: id }),
    ...(chosen && { chosen }),
    ...(duplicates && { duplicates }),
    ...(zoho && { zoho: { code: zoho.code, message: oneLine(zoho.message) } }),
  });
}
