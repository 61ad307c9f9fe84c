import type * as z from 'zod';
import type { Endpoint, Operation, Reader, WriteTool } from './endpoint.ts';
import type { Json } from './json.ts';
import type { KnownAnswer, ListReads } from './reader.ts';
import type { Report } from './report.ts';

/**
 * A tool that is named after a task, while an endpoint is named after an operation of Zoho. It accepts the names that people use, and
 * replaces several calls by one.
 */
interface Task<I extends z.ZodObject, O extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  /** For the model: when to use the tool, when not, and what the answer contains. */
  readonly description: string;
  readonly input: I;
  /** Loose, with only optional fields. Names only the fields that a next call needs. */
  readonly output: O;
  /** The operations that the task may read. Its scopes follow from these operations. */
  readonly reads: readonly Operation[];
}

/** What a read task gets for one call: a reader, and a way to report progress. */
export interface ReadContext {
  readonly zoho: Reader;
  /** Sends a progress notification: a short sentence without names or amounts. */
  progress(message: string): void;
}

export interface ReadWorkflow<
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodObject = z.ZodObject,
  R extends z.output<O> = z.output<O>,
> extends Task<I, O> {
  readonly kind: 'read task';
  run(input: z.output<I>, context: ReadContext): Promise<R>;
  /** A few lines for the model: a table of rows, ids next to names, next steps. */
  report(result: R, input: z.output<I>): Report;
}

/** The ids that the user chose for ambiguous names, by argument. The repeated call brings them back. */
export type Chosen = Readonly<Record<string, string>>;

/** The plan of a workflow that writes. */
export interface Planned {
  /** The arguments of its endpoint. */
  readonly input: Json;
  /** Lines for the question, above the endpoint's own lines. */
  readonly lines?: readonly string[];
  /** What could not be checked. It comes before the preflight's notes. */
  readonly not_checked?: readonly string[];
  /** Complete records from lists that were just read, so that the preflight need not read them again. */
  readonly known?: readonly KnownAnswer[];
}

/** A task that writes: it finds the ids of names, and then writes with its endpoint. */
export interface WriteWorkflow<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> extends Task<I, O> {
  readonly kind: 'write task';
  readonly endpoint: WriteTool;
  /** The locks that the endpoint needs. Runs before the reads of the plan. May throw a WhichError. */
  turn(input: z.output<I>, zoho: Reader, chosen: Chosen): Promise<readonly string[]>;
  /** The account ids in the arguments, by the name of the argument. The policy judges them before the user is asked anything. */
  accounts?(input: z.output<I>, zoho: Reader): Promise<Json>;
  /** Makes the plan while the lock is held. Amounts come from reads without cache. Runs again if something may have changed. */
  plan(input: z.output<I>, zoho: Reader, chosen: Chosen): Promise<Planned>;
}

/** Several writes of one kind as one task. Each row is checked and sent like a single write, and the user is asked once about all rows. */
export interface WriteListWorkflow<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> extends Task<I, O> {
  readonly kind: 'write list';
  /** The workflow of each row. It has the name of the list, for policy and journal. */
  readonly row: WriteWorkflow;
  /** Returns the shared reads for this number of rows. */
  listReads(count: number, zoho: Reader): ListReads;
}

export type Workflow = ReadWorkflow | WriteWorkflow | WriteListWorkflow;

/** True if the tool may change records. */
export const isWrite = <T extends { readonly kind: string }>(
  tool: T,
): tool is Extract<T, { kind: 'write' | 'write task' | 'write list' }> =>
  tool.kind === 'write' || tool.kind === 'write task' || tool.kind === 'write list';

/** The HTTP method of a tool's call to Zoho. It shows whether the tool reads, adds, changes or deletes. */
export function methodOf(tool: Endpoint | Workflow): Operation['method'] {
  return tool.kind === 'read task' ? 'GET' : isWrite(tool) ? writtenBy(tool).method : tool.method;
}

/** The operation of Zoho that a writing tool makes. */
export const writtenBy = (tool: WriteTool | WriteWorkflow | WriteListWorkflow): WriteTool =>
  tool.kind === 'write' ? tool : tool.kind === 'write task' ? tool.endpoint : tool.row.endpoint;

/** All operations of Zoho that the workflow may use. */
export const operationsOf = (workflow: Workflow): readonly Operation[] =>
  workflow.kind === 'read task' ? workflow.reads : [...workflow.reads, writtenBy(workflow)];

/** Declares a task that reads. Does not compile if the types of `run`, `report` and `output` do not match. */
export function defineReadWorkflow<I extends z.ZodObject, O extends z.ZodObject, R extends z.output<O>>(
  workflow: Omit<ReadWorkflow<I, O, R>, 'kind'>,
): ReadWorkflow<I, O, R> {
  return { ...workflow, kind: 'read task' };
}

/** Declares a task that writes. Its output and hints are those of its endpoint. */
export function defineWriteWorkflow<I extends z.ZodObject>(workflow: Omit<WriteWorkflow<I>, 'kind' | 'output'>): WriteWorkflow<I> {
  return { ...workflow, kind: 'write task', output: workflow.endpoint.output };
}

/** A task that makes several writes. */
export function defineWriteList<I extends z.ZodObject, O extends z.ZodObject>(
  workflow: Omit<WriteListWorkflow<I, O>, 'kind' | 'row'> & { readonly row: WriteWorkflow },
): WriteListWorkflow<I, O> {
  return { ...workflow, kind: 'write list', row: { ...workflow.row, name: workflow.name } };
}
