import { endpoints, workflows } from '../../src/catalogue.ts';
import type { PaymentsError } from '../../src/errors.ts';
import { listWrites } from '../../src/mcp/list-writes.ts';
import { errorText, nextText, reportText } from '../../src/mcp/render.ts';
import type { Report } from '../../src/report.ts';

/** Reports and errors as a model reads them where every tool is switched on. */

export const everyTool: ReadonlySet<string> = new Set([...endpoints, ...workflows, listWrites].map(({ name }) => name));

export const worded = (report: Report): string => reportText(report);

export const errorLines = (error: PaymentsError): string => errorText(error, everyTool);

export const nextOf = (error: PaymentsError): string => nextText(error, everyTool);
