import { distance } from 'fastest-levenshtein';
import { headersOf, plainHeader, type Role } from './column-names.ts';
import { csvRows, delimiters, type Delimiter } from './csv.ts';
import type { ColumnMap } from './table.ts';

/** Guesses columns whose headers are not recognized. The user must confirm a guess before anything is recorded. */

/**
 * Returns the most similar header for each group of needed roles. One role of each group is enough. Undefined if a group has no similar
 * header.
 */
export async function guessedColumns(
  text: string,
  groups: readonly (readonly Role[])[],
  delimiter?: Delimiter,
): Promise<ColumnMap | undefined> {
  const header = await widestFirstRow(text, delimiter === undefined ? delimiters : [delimiter]);
  const guessed: Partial<Record<Role, string>> = {};
  for (const roles of groups) {
    const taken = Object.values(guessed);
    const [best] = roles
      .flatMap((role) => header.filter((name) => !taken.includes(name)).map((name) => ({ role, name, like: likeness(role, name) })))
      .toSorted((a, b) => b.like - a.like);
    if (best === undefined || best.like < ALIKE) return undefined;
    guessed[best.role] = best.name;
  }
  return guessed;
}

/** The least similarity of a guess, from 0 to 1. */
const ALIKE = 0.5;

/** The first row with the most cells, among those that are likely to be the header. */
async function widestFirstRow(text: string, signs: readonly Delimiter[]): Promise<readonly string[]> {
  let widest: readonly string[] = [];
  for (const sign of signs)
    for (const row of ((await csvRows(text, sign)) ?? []).slice(0, 20)) if (row.length > widest.length) widest = row;
  return widest;
}

/** How much a header resembles the names of a role, from 0 to 1. */
function likeness(role: Role, header: string): number {
  const plain = plainHeader(header);
  if (plain === '' || /^\d+$/.test(plain)) return 0;
  const words = ` ${plain} `;
  return Math.max(
    ...headersOf(role).map((name) =>
      words.includes(` ${name} `) && name.length > 2
        ? 0.8 + (0.2 * name.length) / plain.length
        : 1 - distance(plain, name) / Math.max(plain.length, name.length),
    ),
  );
}
