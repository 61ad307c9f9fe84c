/** CSV text as rows of cells. */

export const delimiters = [',', ';', '\t', '|'] as const;
export type Delimiter = (typeof delimiters)[number];

/** The rows that are not empty, with trimmed cells. Undefined if the text is not CSV with this delimiter. */
export async function csvRows(text: string, delimiter: Delimiter): Promise<readonly (readonly string[])[] | undefined> {
  // Loaded here: most sessions read no CSV.
  const { parse, CsvError } = await import('csv-parse/sync');
  try {
    const rows: string[][] = parse(text, { bom: true, delimiter, relax_column_count: true, relax_quotes: true, trim: true });
    return rows.map((row) => row.map((cell) => cell.trim())).filter((row) => row.some((cell) => cell !== ''));
  } catch (error) {
    if (error instanceof CsvError) return undefined;
    throw error;
  }
}
