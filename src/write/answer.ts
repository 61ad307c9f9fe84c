import type { Asked, Concern, Judged } from '../concern.ts';
import type { Json, Undo } from '../endpoint.ts';
import { BusyError, OutcomeUnknownError, type ZohoRefusal } from '../errors.ts';
import type { Done, Performed } from './call.ts';
import type { Answer, Entry } from './journal.ts';

/** From an entry of the journal to what its caller is told. */

/** A settled entry's answer once more. `deletedBy`: the later write that deleted what it made. */
export function replay(
  entry: Entry,
  {
    replayed = true,
    zoho,
    deletedBy,
  }: { readonly replayed?: boolean; readonly zoho?: ZohoRefusal | undefined; readonly deletedBy?: Entry | undefined } = {},
): Performed {
  if (entry.state === 'recorded') {
    const { result, text } = entry.answer ?? { result: {}, text: 'Recorded; what was answered has been removed.' };
    const recorded = `This was recorded already, at ${entry.settledAt}`;
    if (deletedBy !== undefined) {
      const again = entry.key === undefined ? '' : ' If it is to be recorded again, call with another idempotency_key.';
      return done(
        entry,
        {
          result: { ...result, undo: undefined, deleted_by: deletedBy.id },
          text: `${recorded}, and deleted since, at ${deletedBy.settledAt} (${deletedBy.id}); nothing was sent now.${again}`,
        },
        replayed,
      );
    }
    return done(entry, { result, text: replayed ? `${recorded}; nothing was sent now. As it was then:\n${text}` : text }, replayed);
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
    next:
      'Do not record it another way. Make the same call again in a few minutes: it will be looked for, and not sent twice. ' +
      'list_writes shows what is unresolved.',
  });
}

export function done(entry: Entry, { result, text }: Answer, replayed: boolean): Done {
  const { undo, ...rest } = result as Json & { undo?: Undo };
  return { kind: 'done', entry: entry.id, result: rest, text, replayed, undo, ...judgedOf(entry) };
}

function judgedOf({ facts, settledIn, erased }: Entry): Judged {
  const { asked, concerns = [] } = facts as { asked?: Asked | object; concerns?: readonly Concern[] };
  // Versions before 0.2 had something else under this name.
  return { asked: settledIn ?? (typeof asked === 'string' ? asked : undefined), concerns: erased ? undefined : concerns };
}
