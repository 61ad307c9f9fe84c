import type { Role } from './column-names.ts';
import type { ColumnMap } from './table.ts';
import { cellText, unreadableCsv } from './unreadable-csv.ts';

/** Reads which column holds what, as people type it: `date=Buchungstag,amount=3`. */
export function columnMap(typed: string, roles: readonly Role[]): ColumnMap {
  const entries = typed.split(',').map((part) => {
    const [, role = '', name = ''] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    if (name !== '' && roles.some((one) => one === role)) return [role, name];
    throw unreadableCsv(
      `${cellText(part)} is not of the form NAME=COLUMN.`,
      `Write columns as date=Date,amount=2. The names are ${roles.join(', ')}.`,
    );
  });
  return Object.fromEntries(entries) as ColumnMap;
}
