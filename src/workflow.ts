import type * as z from 'zod';
import type { Endpoint, Operation, Reader, WriteTool } from './endpoint.ts';
import type { Json } from './json.ts';
import type { KnownAnswer, ListReads } from './reader.ts';
import type { Report } from './report.ts';

/**
 * A tool named for a task, where an endpoint is named for one of Zoho's operations: it takes the names that people use and does in
 * one call what would take several.
 */
interface Task<I extends z.ZodObject, O extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  /** For the model: when to use it, when not, what the answer holds. */
  readonly description: string;
  readonly input: I;
  /** Loose and all optional: names only what the next call needs. */
  readonly output: O;
  /** The operations it may read; its scopes follow from them. */
  readonly reads: readonly Operation[];
}

/** Reading for one call: whatever Zoho shows, and a way to tell how far it has come. */
export interface ReadContext {
  readonly zoho: Reader;
  /** Told to a client that waits; a short sentence without names or amounts. */
  progress(message: string): void;
}

export interface ReadWorkflow<
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodObject = z.ZodObject,
  R extends z.output<O> = z.output<O>,
> extends Task<I, O> {
  readonly kind: 'read task';
  run(input: z.output<I>, context: ReadContext): Promise<R>;
  /** A few lines for the model: a table where there are rows, ids next to names, what can be done next. */
  report(result: R, input: z.output<I>): Report;
}

/** Which of several records a person meant, by the argument that was ambiguous: their answers, come back with the call. */
export type Chosen = Readonly<Record<string, string>>;

/** What a workflow that writes comes to. */
export interface Planned {
  /** The arguments of its endpoint. */
  readonly input: Json;
  /** Shown in the question above the endpoint's own facts. */
  readonly lines?: readonly string[];
  /** What could not be checked; it comes before what the preflight could not. */
  readonly not_checked?: readonly string[];
  /** What fresh lists told whole: the preflight need not read each record of it. */
  readonly known?: readonly KnownAnswer[];
}

/** A write by names: it finds the ids, and then takes the one road of writes as its endpoint. */
export interface WriteWorkflow<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> extends Task<I, O> {
  readonly kind: 'write task';
  readonly endpoint: WriteTool;
  /** The turns that its endpoint takes, before anything fresh is read. May throw a WhichError. */
  turn(input: z.output<I>, zoho: Reader, chosen: Chosen): Promise<readonly string[]>;
  /** Inside the turn, from fresh reads where an amount rests on them. Run again whenever something may have changed. */
  plan(input: z.output<I>, zoho: Reader, chosen: Chosen): Promise<Planned>;
}

/** Several writes of one kind as one task: each row takes the road of its own write, and all are asked about at once. */
export interface WriteListWorkflow<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> extends Task<I, O> {
  readonly kind: 'write list';
  /** What each row is. Has the name of the list, for policy and journal. */
  readonly row: WriteWorkflow;
  /** Reads for that many rows. */
  listReads(count: number, zoho: Reader): ListReads;
}

export type Workflow = ReadWorkflow | WriteWorkflow | WriteListWorkflow;

/** Whether a tool may change the books. */
export const isWrite = <T extends { readonly kind: string }>(
  tool: T,
): tool is Extract<T, { kind: 'write' | 'write task' | 'write list' }> =>
  tool.kind === 'write' || tool.kind === 'write task' || tool.kind === 'write list';

/** The HTTP method that a tool comes to: what it is to the books follows from it. */
export function methodOf(tool: Endpoint | Workflow): Operation['method'] {
  return tool.kind === 'read task' ? 'GET' : isWrite(tool) ? writtenBy(tool).method : tool.method;
}

/** The operation of Zoho's that a tool that writes comes to. */
export const writtenBy = (tool: WriteTool | WriteWorkflow | WriteListWorkflow): WriteTool =>
  tool.kind === 'write' ? tool : tool.kind === 'write task' ? tool.endpoint : tool.row.endpoint;

/** Every operation of Zoho's that it may use. */
export const operationsOf = (workflow: Workflow): readonly Operation[] =>
  workflow.kind === 'read task' ? workflow.reads : [...workflow.reads, writtenBy(workflow)];

/** A task that reads. Does not compile when `report` takes another result than `run` gives, or when that does not fit the output. */
export function defineReadWorkflow<I extends z.ZodObject, O extends z.ZodObject, R extends z.output<O>>(
  workflow: Omit<ReadWorkflow<I, O, R>, 'kind'>,
): ReadWorkflow<I, O, R> {
  return { ...workflow, kind: 'read task' };
}

/** A task that writes. Its output is its endpoint's, and so are its hints. */
export function defineWriteWorkflow<I extends z.ZodObject>(workflow: Omit<WriteWorkflow<I>, 'kind' | 'output'>): WriteWorkflow<I> {
  return { ...workflow, kind: 'write task', output: workflow.endpoint.output };
}

/** A task that makes several writes. */
export function defineWriteList<I extends z.ZodObject, O extends z.ZodObject>(
  workflow: Omit<WriteListWorkflow<I, O>, 'kind' | 'row'> & { readonly row: WriteWorkflow },
): WriteListWorkflow<I, O> {
  return { ...workflow, kind: 'write list', row: { ...workflow.row, name: workflow.name } };
}
