import type { Asked, Concern, Judged } from '../concern.ts';
import { BusyError, OutcomeUnknownError, type ZohoRefusal } from '../errors.ts';
import type { Json } from '../json.ts';
import { createReport } from '../report.ts';
import type { Answer, Entry } from './journal/journal.ts';
import { graceEnds, type Timings } from './timings.ts';
import type { Done, Performed } from './types.ts';

/** Answers a call from an entry of the journal. */

/**
 * Repeats the answer of a recorded entry; throws for other states. `deletedBy`: the later write that deleted the record of this entry.
 */
export function replay(
  entry: Entry,
  timings: Timings,
  {
    replayed = true,
    zoho,
    deletedBy,
  }: { readonly replayed?: boolean; readonly zoho?: ZohoRefusal | undefined; readonly deletedBy?: Entry | undefined } = {},
): Performed {
  if (entry.state === 'recorded') {
    const { result, report: said } = entry.answer ?? { result: erasedResult(entry), report: createReport(['Recorded.']) };
    const as = entry.erased && entry.zoho_id !== undefined ? ` as ${entry.makes ?? 'record'} ${entry.zoho_id}` : '';
    const recorded = `This was already recorded${as} at ${inUtc(entry.settledAt)}`;
    if (deletedBy !== undefined) {
      const lines = [`${recorded} and deleted later, at ${inUtc(deletedBy.settledAt)} (${deletedBy.id}); nothing was sent now.`];
      if (entry.key !== undefined) lines.push('To record it again, use another idempotency_key.');
      return done(entry, { result: { ...result, deleted_by: deletedBy.id }, report: createReport([lines.join(' ')]) }, replayed);
    }
    if (entry.erased) {
      const line = `${recorded}; nothing was sent now. The customer's data was removed from the journal, so the answer has no details.`;
      return done(entry, { result, report: createReport([line]) }, replayed);
    }
    const again = { ...said, lines: [`${recorded}; nothing was sent now. The first answer:`, ...said.lines] };
    return done(entry, { result, report: replayed ? again : said }, replayed);
  }
  const judged = judgedOf(entry);
  if (entry.state === 'not_recorded') {
    throw new BusyError(`The write was not carried out: ${entry.reason ?? 'it was not sent.'}`, {
      code: 'not_carried_out',
      next: 'If the user still wants it, make the same call again.',
      judged,
    });
  }
  throw new OutcomeUnknownError(`It is not known yet if Zoho carried out this write (${entry.id}). ${entry.reason ?? ''}`.trim(), {
    entry: entry.id,
    zoho,
    judged,
    retryAt: graceEnds(entry, timings),
    next:
      'Do not record it in another way. Make the same call again in a few minutes: it looks for the write and does not send it twice. ' +
      'list_writes shows unresolved writes.',
  });
}

/** For a person: `2026-11-30 04:48:55 UTC`. The road does not know the organization's time zone. */
export const inUtc = (moment = ''): string => moment.replace(/^(.{10})T(.{8})(?:\.\d+)?Z$/, '$1 $2 UTC');

/** A program must see that the details are missing for good. The journal keeps the id of the record. */
const erasedResult = ({ erased, zoho_id }: Entry): Json => ({ ...(erased && { erased }), ...(erased && zoho_id && { zoho_id }) });

export function done(entry: Entry, { result, report }: Answer, replayed: boolean): Done {
  const { chose = [], notable = [] } = entry.facts as { chose?: readonly string[]; notable?: readonly string[] };
  return { kind: 'done', entry: entry.id, result, report, replayed, notes: [...chose, ...notable], ...judgedOf(entry) };
}

function judgedOf({ facts, settledIn, erased }: Entry): Judged {
  const { asked, concerns = [] } = facts as { asked?: Asked | object; concerns?: readonly Concern[] };
  // In entries of versions before 0.2, `asked` holds the tool that was called.
  return { asked: settledIn ?? (typeof asked === 'string' ? asked : undefined), concerns: erased ? undefined : concerns };
}
