import type { ReadTool, WriteTool } from '../endpoint.ts';
import { InputError } from '../errors.ts';
import type { Json } from '../json.ts';
import { hasNames, mayHaveLongNumbers, withIds } from '../matching/ids-of-names.ts';
import { knownInvoices } from '../matching/invoices.ts';
import type { WriteWorkflow } from '../workflow.ts';
import type { Call, Performed } from '../write/types.ts';
import type { Books } from './server-dependencies.ts';

/**
 * Lets callers of endpoints use names instead of ids. The journal keeps the names, so that a repeated call is recognized before any call to
 * Zoho.
 */

interface Options {
  /** Reads text that looks like an invoice id as an invoice number. */
  readonly longNumbers: boolean;
}

/** Replaces the names by ids and reads. Returns the arguments with these ids as `input`. */
export async function readByNames(
  tool: ReadTool,
  given: Json,
  books: Pick<Books, 'zoho' | 'reader'>,
  signal: AbortSignal | undefined,
): Promise<{ readonly input: Json; readonly result: Json }> {
  return await orByLongNumbers(tool, given, async (options) => {
    const input = isByNames(tool, given, options) ? (await withIds(tool.input, given, await books.reader(signal), options)).input : given;
    return { input, result: await books.zoho.until(signal).read(tool, input) };
  });
}

/** Makes the write. Finds the ids of the names only after the write has its lock. */
export async function writeByNames(
  tool: WriteTool | WriteWorkflow,
  given: Json,
  write: (called: Pick<Call, 'endpoint' | 'workflow'>) => Promise<Performed>,
): Promise<Performed> {
  if (tool.kind === 'write task') return await write({ endpoint: tool.endpoint, workflow: tool });
  return await orByLongNumbers(tool, given, (options) =>
    write({ endpoint: tool, workflow: isByNames(tool, given, options) ? findingIds(tool, options) : undefined }),
  );
}

const isByNames = ({ input }: Pick<WriteTool, 'input'>, given: Json, { longNumbers }: Options): boolean =>
  longNumbers || hasNames(input, given);

function findingIds(tool: WriteTool, options: Options): WriteWorkflow {
  const { name, title, description, input, output, safety } = tool;
  return {
    kind: 'write task',
    name,
    title,
    description,
    input,
    output,
    endpoint: tool,
    reads: [],
    turn: async (given, zoho) => await safety.turn(given, zoho),
    async plan(given, zoho) {
      const found = await withIds(input, given, zoho, options);
      return { input: found.input, known: knownInvoices(found.invoices) };
    },
  };
}

/** Makes the call. If no invoice has the given id, repeats it with the id as an invoice number. If both fail, throws the first error. */
async function orByLongNumbers<T>({ input }: Pick<WriteTool, 'input'>, given: Json, call: (options: Options) => Promise<T>): Promise<T> {
  try {
    return await call({ longNumbers: false });
  } catch (error) {
    if (!isUnknownRecord(error) || !mayHaveLongNumbers(input, given)) throw error;
    return await call({ longNumbers: true }).catch((second: unknown) => {
      throw isUnknownRecord(second) ? error : second;
    });
  }
}

const isUnknownRecord = (error: unknown): boolean =>
  error instanceof InputError && (error.code === 'no_such_invoice' || error.code === 'not_found');
