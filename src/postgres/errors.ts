import pg from 'pg';
import { AccessError, BusyError, type Changed, type PaymentsError } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';

/** Errors of the database, as errors that say who must act. Only errors for the operator quote the database's own words. */

/** SQLSTATE codes (https://www.postgresql.org/docs/current/errcodes-appendix.html) of a database that other work keeps busy. */
const BUSY = /^(40001|40P01|53300|55P03|57014)$/;
/** The database is stopped, starting, a read-only standby, or the connection was cut. */
const AWAY = /^(08\w{3}|25006|25P0[34]|57P0[1235])$/;

/** True if the connection is in an unknown state and must not be used again. */
export const isBroken = (error: unknown): boolean => !(error instanceof pg.DatabaseError) || AWAY.test(error.code ?? '');

/** Turns any error of a query or a connection into an error that says who must act. */
export function databaseError(error: unknown, changed: Changed = 'no'): PaymentsError {
  const code = error instanceof pg.DatabaseError ? (error.code ?? '') : undefined;
  if (code === undefined || AWAY.test(code)) return away(changed, error);
  if (BUSY.test(code)) {
    return new BusyError('Other calls keep the database locked.', { code: 'journal_busy', changed, next: again(changed), cause: error });
  }
  // The words of other errors may quote the data of a statement, which may name a customer.
  const words = /^(0A|28|3D|42|5)/.test(code) && error instanceof Error ? `: ${oneLine(error.message)}` : '';
  return unusableDatabase(`it refused a statement${words} (${code})`, {
    next: 'run zoho-payments-mcp migrate, and check the rights of the user in DATABASE_URL.',
    changed,
    cause: error,
  });
}

export function unusableDatabase(
  why: string,
  { next, changed = 'no', cause }: { next: string; changed?: Changed; cause?: unknown },
): AccessError {
  return new AccessError(`The database cannot be used: ${why}.`, { code: 'database_unusable', changed, next, cause });
}

function away(changed: Changed, cause: unknown): BusyError {
  return new BusyError('The database does not answer. Until it does, this server records nothing.', {
    code: 'database_unavailable',
    changed,
    next: again(changed),
    ifItStays: 'check that the database runs and that this server can reach it.',
    cause,
  });
}

const again = (changed: Changed) =>
  changed === 'no' ? 'Make the same call again in a moment.' : 'Check whether Zoho carried out the write.';
