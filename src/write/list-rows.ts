import { InputError } from '../errors.ts';
import type { Json } from '../json.ts';
import type { ListCall, RowCall, RowOutcome } from './list-types.ts';
import { digestOf } from './seal.ts';
import type { JudgedRow } from './types.ts';

/** The rows of a list of writes, and their idempotency keys. */

/** A row while the list is carried out. */
export interface Row {
  readonly number: number;
  readonly call: RowCall;
  /** Unique to this row. Does not depend on the order of the rows. */
  readonly id: string;
  /** The idempotency key under which the row is claimed. */
  readonly key: string;
  /** The previous row among equal rows. */
  readonly follows?: Row | undefined;
  /** The arguments of the endpoint, once they are known. */
  input?: Json | undefined;
  judged?: JudgedRow;
  outcome?: RowOutcome | undefined;
  /** How often this row waited for a rate limit of Zoho. */
  waits: number;
}

/** Returns the rows with their keys. Equal rows are numbered, so the order of the rows does not matter. */
export function rowsOf({ rows: calls, key: ofList }: Pick<ListCall, 'rows' | 'key'>): Row[] {
  const equal = new Map<string, Row[]>();
  const rows = calls.map((call, i): Row => {
    const row = { number: call.number ?? i + 1, call, waits: 0 };
    if (call.key !== undefined) return { ...row, id: call.key, key: call.key };
    if (ofList === undefined) throw keyMissing();
    const digest = digestOf(call.input);
    const before = equal.get(digest) ?? [];
    const id = `${digest}#${before.length + 1}`;
    const keyed = { ...row, id, key: `${ofList}/${id}`, follows: before.at(-1) };
    equal.set(digest, [...before, keyed]);
    return keyed;
  });
  const numbers = new Map<string, number>();
  for (const { number, id } of rows) {
    const same = numbers.get(id);
    if (same !== undefined) throw keyTwice(same, number);
    numbers.set(id, number);
  }
  return rows;
}

const keyMissing = () =>
  new InputError('`idempotency_key` is missing. Without it, a list that is sent again could be recorded twice.', {
    code: 'invalid_arguments',
    next: 'Call again with an `idempotency_key` that names this list, such as "statement 2026-06 bank 1". Use the same one for a retry.',
  });

const keyTwice = (first: number, second: number) =>
  new InputError(`Rows ${first} and ${second} have the same \`idempotency_key\`.`, {
    code: 'invalid_arguments',
    next: 'Give each row its own `idempotency_key`, or only one for the whole list.',
  });
