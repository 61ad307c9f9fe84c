import type { Asked, Concern, Judged } from '../concern.ts';
import { BusyError, OutcomeUnknownError, type ZohoRefusal } from '../errors.ts';
import { createReport } from '../report.ts';
import type { Answer, Entry } from './journal/journal.ts';
import { graceEnds, type Timings } from './timings.ts';
import type { Done, Performed } from './types.ts';

/** From an entry of the journal to what its caller is told. */

/** A settled entry's answer once more. `deletedBy`: the later write that deleted what it made. */
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
    const { result, report: said } = entry.answer ?? {
      result: {},
      report: createReport(['Recorded; what was answered has been removed.']),
    };
    const recorded = `This was recorded already, at ${entry.settledAt}`;
    if (deletedBy !== undefined) {
      const lines = [`${recorded}, and deleted since, at ${deletedBy.settledAt} (${deletedBy.id}); nothing was sent now.`];
      if (entry.key !== undefined) lines.push('If it is to be recorded again, call with another idempotency_key.');
      return done(entry, { result: { ...result, deleted_by: deletedBy.id }, report: createReport([lines.join(' ')]) }, replayed);
    }
    const again = { ...said, lines: [`${recorded}; nothing was sent now. As it was then:`, ...said.lines] };
    return done(entry, { result, report: replayed ? again : said }, replayed);
  }
  const judged = judgedOf(entry);
  if (entry.state === 'not_recorded') {
    throw new BusyError(`The write was not carried out: ${entry.reason ?? 'it was not sent.'}`, {
      code: 'not_carried_out',
      next: 'If it is still wanted, make the same call again.',
      judged,
    });
  }
  throw new OutcomeUnknownError(`Whether this write (${entry.id}) was carried out cannot be told yet. ${entry.reason ?? ''}`.trim(), {
    entry: entry.id,
    zoho,
    judged,
    retryAt: graceEnds(entry, timings),
    next:
      'Do not record it another way. Make the same call again in a few minutes: it will be looked for, and not sent twice. ' +
      'list_writes shows what is unresolved.',
  });
}

export function done(entry: Entry, { result, report }: Answer, replayed: boolean): Done {
  return { kind: 'done', entry: entry.id, result, report, replayed, ...judgedOf(entry) };
}

function judgedOf({ facts, settledIn, erased }: Entry): Judged {
  const { asked, concerns = [] } = facts as { asked?: Asked | object; concerns?: readonly Concern[] };
  // Versions before 0.2 had something else under this name.
  return { asked: settledIn ?? (typeof asked === 'string' ? asked : undefined), concerns: erased ? undefined : concerns };
}
