import type { SqlValue } from '../../machine/sqlite-file.ts';

/** A statement of a transaction. Each `?` in the text is replaced by one of the values. */
export interface SqlStatement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/**
 * The steps of a transaction: a generator that yields statements and gets their rows. SQLite runs them without a pause, so that no other
 * call uses the connection meanwhile. PostgreSQL waits for each answer.
 */
export type Steps<T> = Generator<SqlStatement, T, unknown[]>;

export function* sqlRows<R>(sql: string, ...values: readonly SqlValue[]): Steps<R[]> {
  return (yield { sql, values }) as R[];
}

/** The first row. */
export function* sqlRow<R>(sql: string, ...values: readonly SqlValue[]): Steps<R | undefined> {
  return (yield* sqlRows<R>(sql, ...values))[0];
}
