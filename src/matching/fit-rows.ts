import { ROWS_CAP, TEXT_CAP } from '../records/list-results.ts';

/** Kept free for what stands above and below the rows. */
const AROUND = 3000;

/** The first of the rows, as many as one answer may hold as data and as lines of text. */
export function fittingRows<T>(rows: readonly T[], line: (row: T) => string): T[] {
  let [bytes, textBytes] = [AROUND, AROUND];
  const end = rows.findIndex((row) => {
    const text = Buffer.byteLength(JSON.stringify(line(row)));
    textBytes += text;
    bytes += text + Buffer.byteLength(JSON.stringify(row));
    return bytes > ROWS_CAP || textBytes > TEXT_CAP;
  });
  return rows.slice(0, end === -1 ? undefined : end);
}
