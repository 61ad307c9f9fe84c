import { endpoints, workflows } from '../../src/catalogue.ts';
import type { PaymentsError } from '../../src/errors.ts';
import { listWrites } from '../../src/mcp/list-writes.ts';
import { errorText, nextText, reportText, type StepsEdge } from '../../src/mcp/render.ts';
import type { Report } from '../../src/report.ts';
import { startedByName } from '../../src/started.ts';

/** Reports and errors in the words that a model reads when every tool is on. */

export const everyTool: ReadonlySet<string> = new Set([...endpoints, ...workflows, listWrites].map(({ name }) => name));

/** With every tool, and started from a terminal. */
export const anyEdge: StepsEdge = { offered: everyTool, started: startedByName };

export const worded = (report: Report): string => reportText(report);

export const errorLines = (error: PaymentsError): string => errorText(error, anyEdge);

export const nextOf = (error: PaymentsError): string => nextText(error, anyEdge);
