import { type Page, type Sort, type Where, given, pageContext } from './list-query.ts';
import { type Reply, jsonReply } from './message.ts';
import type { Call } from './world.ts';

interface Listing<Row> {
  table: string;
  where: Where;
  page: Page;
  sort: Sort;
  /** The SQL expression for each sort_column. */
  columns: Record<string, string>;
  /** Second sort column, for rows that are equal in the first. */
  tie: 'seq' | 'id';
  /** The key of the rows in the answer. */
  key: string;
  report_name: string;
  item: (row: Row) => Record<string, unknown>;
}

/** One page of a table in the form of Zoho's lists (live recordings). */
export function listReply<Row>(call: Call, { table, where, page, sort, columns, tie, key, report_name, item }: Listing<Row>): Reply {
  const direction = sort.order === 'A' ? 'ASC' : 'DESC';
  const rows = call.store.all<Row>(
    `SELECT * FROM ${table} ${where.sql} ORDER BY ${columns[sort.column]} ${direction}, ${tie} ${direction} LIMIT ? OFFSET ?`,
    ...where.values,
    page.per_page + 1,
    page.offset,
  );
  return jsonReply(200, {
    code: 0,
    message: 'success',
    [key]: rows.slice(0, page.per_page).map(item),
    page_context: pageContext(page, rows.length, {
      report_name,
      applied_filter: given(call.arrival.query, 'filter_by') ?? 'Status.All',
      sort_column: sort.column,
      sort_order: sort.order,
    }),
  });
}
