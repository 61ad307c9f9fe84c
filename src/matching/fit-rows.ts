import { ROWS_CAP, TEXT_CAP } from '../records/list-results.ts';

/** Bytes kept free for the text above and below the rows. */
const AROUND = 3000;

/** Returns the first rows, as many as fit into one answer as data and as lines of text. */
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
