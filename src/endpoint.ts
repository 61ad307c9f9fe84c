import type * as z from 'zod';
import type { Concern } from './concern.ts';
import { conform } from './conform.ts';
import type { Json } from './json.ts';
import type { Report, Step, Undo } from './report.ts';

/**
 * Declarations of endpoints. From one declaration come the tool, the resource, the HTTP call, the rows in README.md and docs/pipelines.md,
 * and the entry in manifest.json. Annotations, read-only mode and scopes follow from `method`.
 */

/** The parts of a call in addition to its path. Undefined values are omitted. */
export interface Parts {
  readonly query?: Record<string, string | number | boolean | undefined>;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** The names in `{braces}` in a path. */
export type Placeholder<P extends string> = P extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholder<Rest> : never;

/** An operation of Zoho: one HTTP call, and how its answer becomes a result. */
export interface Operation<P extends string = string, I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  /** Zoho's operationId: also the name of the tool, of its file, and in the journal. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: P;
  /** The module in the OAuth scope `ZohoBooks.<module>.<verb>`. Default: customerpayments. */
  readonly module?: string;
  readonly input: I;
  /** A loose schema with only optional fields. It names only the fields that a next call needs. */
  readonly output: O;
  /** Makes the result from Zoho's answer: the same shape for all documented and recorded shapes. `conform` then fits it to `output`. */
  result(body: Json, input: z.output<I>): z.output<O>;
}

/**
 * The record that an answer shows: the requested record, another record, a record without an id, or no record. Rows that do not name a
 * record count as rows of the requested record.
 */
export type Shown = 'asked' | 'another' | 'unnamed' | 'none';

/** An operation that only reads. It may be a tool. */
export interface ReadOperation<
  P extends string = string,
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodObject = z.ZodObject,
> extends Operation<P, I, O> {
  readonly method: 'GET';
  /** The parts besides the path. Default: every other input field, as the query. */
  parts?(input: z.output<I>): Parts;
  /**
   * Tells which record the answer shows, if the path names a record. On a connection that mixes up answers, each answer belongs to an
   * earlier request.
   */
  shows?(body: Json, input: z.output<I>): Shown;
}

/** The texts of a tool, for the model. */
interface Face {
  readonly title: string;
  /** What the tool does, what to call first, and what not to use the tool for. */
  readonly description: string;
}

/** A resource with the same data as a read. Its template variables are fields of the input. */
export interface ResourceForm {
  readonly uri: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** `application/pdf` returns bytes, `application/json` the tool's structured result. */
  readonly mimeType: 'application/json' | 'application/pdf';
}

/** A tool that reads. */
export interface ReadTool<P extends string = string, I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject>
  extends ReadOperation<P, I, O>, Face {
  readonly kind: 'read';
  /** The report for the model: ids, amounts, next steps. */
  report(result: z.output<O>, input: z.output<I>): Report;
  readonly resources?: readonly ResourceForm[];
  /** Names of the resources to open after this result (`name` of a ResourceForm). */
  links?(input: z.output<I>): readonly string[];
}

/** The value for the currency in `Money` if the scopes do not let the server read the currency. */
export const UNKNOWN_CURRENCY = 'unknown';

/** The amount of a record after a write. */
export interface Money {
  readonly kind: 'payment' | 'refund';
  readonly currency: string;
  /** The full amount after the write. */
  readonly amount: number;
  /** How much the write adds. */
  readonly adds: number;
  /** The customer after the write. */
  readonly customer_id: string | undefined;
}

/** An exchange rate for a foreign currency, and the known rates to compare it with. Results are in base currency: `USD 804.00`. */
export interface RateFacts {
  readonly given: number;
  readonly result: string;
  /** `of` describes the rate: `set for JPY`, `of invoice INV-399`. */
  readonly known: readonly { readonly rate: number; readonly of: string; readonly result: string }[];
}

/** The effect of a write, from reads without cache while the lock is held. Grouped by the code that uses the values. */
export interface Facts {
  /** The facts that the user sees. The seal ties the consent to them. */
  readonly question: {
    /** The first line: `Refund USD 50.00 to "Acme"`. */
    readonly title: string;
    /** The whole question in one line, for a list of writes. */
    readonly line?: string;
    /** One line for each fact, written by code. Text from records is quoted and cut. */
    readonly lines: readonly string[];
    /** Reasons to ask the user. Empty if the host's own approval of the call is enough. */
    readonly ask: readonly Concern[];
    /** Checks that could not be made. */
    readonly not_checked: readonly string[];
    /** What the answer must say too, because the user may not see the lines. */
    readonly notable?: readonly string[];
    /** Records that the lines show only in part. If they change, the user is asked again. */
    readonly sealed?: Json;
  };
  /** Values that the policy can limit. */
  readonly policy: {
    readonly money?: Money | undefined;
    /** The exchange rate, if it can be compared. The policy decides how much it may differ. */
    readonly rate?: RateFacts | undefined;
    readonly customer_id?: string | undefined;
    /** Accounts and date after the write, even if the call does not name them. */
    readonly uses?: {
      readonly account_id?: string | undefined;
      readonly from_account_id?: string | undefined;
      readonly date?: string | undefined;
    };
  };
  /** Possible duplicates. */
  readonly duplicates: {
    /** The kind of record that this write makes, if any. */
    readonly makes?: 'payment' | 'refund';
    /** Existing records that are possible duplicates. `allow_duplicate_of` must name each of them. */
    readonly alike?: readonly { readonly id: string; readonly text: string }[];
  };
  /** Values that are needed if the answer is lost. */
  readonly lost: {
    /** The records that no other write may change while the outcome of this write is unknown. */
    readonly touches: Touched;
    /** Ids and values before the write. The search for a lost write compares Zoho's records with these values. */
    readonly before: Json;
  };
}

/** What a write changes. */
export interface Touched {
  /** Ids of payments. */
  readonly payments?: readonly string[];
  /** Payments that the write makes or increases, by customer and amount. */
  readonly creates?: readonly { readonly customer_id: string; readonly amount: number | undefined }[];
  /** The value of a unique custom field. */
  readonly unique?: Minted;
}

/** A write whose answer was lost, from its claim in the journal. */
export interface Attempt {
  readonly input: Json;
  readonly body: unknown;
  readonly before: Json;
  /** When it was sent, by Zoho's clock if known. Milliseconds since 1970. */
  readonly sentAt?: number | undefined;
  /** The record that an incomplete answer named. */
  readonly named?: string | undefined;
  /** True if another write of this server made the record: a record settles only one write. */
  ofAnother(zoho_id: string): Promise<boolean>;
}

/** A sent write and its answer, to compare both. */
export interface Sent extends Pick<Attempt, 'body' | 'before'> {
  readonly input: Json;
  /** The answer from Zoho, unchanged. */
  readonly answer: Json;
}

/** The result of the search for a lost write in Zoho. */
export type Seen =
  /** The write was made: Zoho shows exactly what was sent. */
  | { readonly seen: 'there'; readonly zoho_id?: string | undefined; readonly result: Json }
  /** Of several records, only some are as sent. This result is final after the grace period. */
  | { readonly seen: 'in part'; readonly result: Json; readonly why: string }
  /** Zoho does not show the write yet. `exactly`: the search used a value that only this write has. */
  | { readonly seen: 'not there'; readonly exactly?: true }
  /** Zoho shows something that may be the write. The user must decide. */
  | { readonly seen: 'unclear'; readonly why: string; readonly candidates: readonly { readonly id: string; readonly text: string }[] };

/** A value of a unique custom field, made for one write. */
export interface Minted {
  readonly key: string;
  readonly value: string;
}

/** Functions to send a write as Zoho's upsert by a unique custom field. */
export interface Upsert {
  /** The reason why this custom field cannot be used for this request. Undefined if it can be used. */
  unusable(key: string, request: ZohoRequest, zoho: Reader): Promise<string | undefined>;
  request(request: ZohoRequest, unique: Minted): ZohoRequest;
  /** True if a search by the value finds only the record that was made with it. 'refused' if Zoho refuses the search. */
  finds(zoho_id: string, unique: Minted, zoho: Reader): Promise<boolean | 'refused'>;
}

/** Facts for a write's report in addition to its result. The journal keeps them, so that a write found later has the same report. */
export interface ReportFacts<F extends Facts = Facts> {
  readonly not_checked: readonly string[];
  /** Any field may be missing if an earlier version made the entry. */
  readonly before: Partial<F['lost']['before']>;
}

/** The functions that make a write safe. */
export interface Safety<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject, F extends Facts = Facts> {
  /** True if the write can make a duplicate. */
  readonly canDuplicate?: boolean;
  /** The locks that the write takes: `payment:<id>`, for a new payment `customer:<id>`. */
  turn(input: z.output<I>, zoho: Reader): readonly string[] | Promise<readonly string[]>;
  /** Checks before sending. Throws to refuse, or returns the facts for the question, the request and the report. */
  preflight(input: z.output<I>, zoho: Reader): Promise<F>;
  /** Set if the write can be sent as an upsert. `look` then finds it by `before.unique`. */
  readonly upsert?: Upsert;
  /** For a write of several records: adds the outcome of each, because Zoho may report success if only some were changed. */
  each?(result: z.output<O>, zoho: Reader): Promise<z.output<O>>;
  /** Next steps after a refusal from Zoho with an unknown code. */
  afterRefusal?(input: Json, zoho: Reader): Promise<readonly Step[]>;
  /** Looks for a write in Zoho. */
  look(attempt: Attempt, zoho: Reader): Promise<Seen>;
  /**
   * The reason why a success answer is not about this write: another id, customer or amount. Undefined if nothing differs. If there is a
   * reason, the answer proves nothing, and the outcome is unknown.
   */
  contradiction(result: z.output<O>, sent: Sent): string | undefined;
  /** The call that undoes the write, if there is one. */
  undo(result: z.output<O>, input: z.output<I>, before: F['lost']['before']): Undo | undefined;
}

/** A tool that writes. */
export interface WriteTool<
  P extends string = string,
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodObject = z.ZodObject,
  F extends Facts = Facts,
>
  extends Operation<P, I, O>, Face {
  readonly kind: 'write';
  readonly method: 'POST' | 'PUT' | 'DELETE';
  readonly safety: Safety<I, O, F>;
  /** The parts in addition to the path. Default: every other input field, as the body (POST, PUT) or the query (DELETE). */
  parts?(input: z.output<I>, facts: F): Parts;
  /** The report for the model: ids, amounts, changes, next steps. `facts` are from before the write. */
  report(result: z.output<O>, input: z.output<I>, facts?: ReportFacts<F>): Report;
}

/** A tool that is named after an operation of Zoho. */
export type Endpoint = ReadTool | WriteTool;

/** The earliest and the latest possible time by Zoho's clock. Milliseconds since 1970. */
export interface ZohoClock {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Reads with endpoints. A preflight gets only this. The reader, not the calling function, decides how old an answer may be. */
export interface Reader {
  readonly organizationId: string;
  /** The time by Zoho's clock, from the Date header of its answers. Undefined before the first answer. */
  clock(): ZohoClock | undefined;
  /**
   * A reader whose answers may be some seconds old, but never from before a write of this server. For values that one conversation reads
   * repeatedly.
   */
  readonly recent: Reader;
  /** A reader whose answers may be some minutes old. For settings that rarely change. */
  readonly settled: Reader;
  read<P extends string, I extends z.ZodObject, O extends z.ZodObject>(
    endpoint: ReadOperation<P, I, O>,
    input: z.input<I>,
  ): Promise<z.output<O>>;
}

type FieldForEachPlaceholder<P extends string, I extends z.ZodObject> =
  Placeholder<P> extends keyof z.output<I>
    ? unknown
    : { readonly path: { missing_input_field: Exclude<Placeholder<P>, keyof z.output<I>> } };

type ShowsItsRecord<P extends string, I extends z.ZodObject, O extends z.ZodObject> = [Placeholder<P>] extends [never]
  ? unknown
  : Required<Pick<ReadOperation<P, I, O>, 'shows'>>;

/**
 * Declares a GET that is not a tool. Does not compile if a `{placeholder}` has no input field, or if the path names a record and `shows` is
 * missing.
 */
export function defineOperation<const P extends string, I extends z.ZodObject, O extends z.ZodObject>(
  operation: Omit<ReadOperation<P, I, O>, 'method'> & FieldForEachPlaceholder<P, I> & ShowsItsRecord<P, I, O>,
): ReadOperation<P, I, O> {
  return conforming<ReadOperation<P, I, O>>({ ...operation, method: 'GET' });
}

/** Declares a GET as a tool, with the same compile-time checks. */
export function defineRead<const P extends string, I extends z.ZodObject, O extends z.ZodObject>(
  tool: Omit<ReadTool<P, I, O>, 'kind' | 'method'> & FieldForEachPlaceholder<P, I> & ShowsItsRecord<P, I, O>,
): ReadTool<P, I, O> {
  return conforming<ReadTool<P, I, O>>({ ...tool, kind: 'read', method: 'GET' });
}

/** Declares a POST, PUT or DELETE. Does not compile without preflight and look, or if a `{placeholder}` has no input field. */
export function defineWrite<const P extends string, I extends z.ZodObject, O extends z.ZodObject, F extends Facts>(
  tool: Omit<WriteTool<P, I, O, F>, 'kind'> & FieldForEachPlaceholder<P, I>,
): WriteTool<P, I, O, F> {
  return conforming<WriteTool<P, I, O, F>>({ ...tool, kind: 'write' });
}

function conforming<E extends { output: z.ZodObject; result(body: Json, input: never): unknown }>(operation: E): E {
  return { ...operation, result: (body: Json, input: never) => conform(operation.output, operation.result(body, input)) };
}

export const isRead = (endpoint: Endpoint): endpoint is ReadTool => endpoint.kind === 'read';

const scopeVerbs = { GET: 'READ', POST: 'CREATE', PUT: 'UPDATE', DELETE: 'DELETE' } as const;

/** The least OAuth scope that allows this call. */
export function scopeOf(endpoint: Pick<Operation, 'method' | 'module'>): string {
  return `ZohoBooks.${endpoint.module ?? 'customerpayments'}.${scopeVerbs[endpoint.method]}`;
}

/** An HTTP call under the API base URL. */
export interface ZohoRequest extends Parts {
  readonly method: Operation['method'];
  /** The path with its placeholders filled. Each value is one path segment. */
  readonly path: string;
  /** An error names this scope if the token lacks it. */
  readonly scope: string;
}

/** The HTTP call of an endpoint for this input. `facts`: the preflight's result, for a write. */
export function toRequest(endpoint: ReadOperation | WriteTool, input: Json, facts?: unknown): ZohoRequest {
  const inPath = new Set<string>();
  const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    inPath.add(name);
    return encodeURIComponent(String(input[name]));
  });
  const rest = Object.fromEntries(Object.entries(input).filter(([name]) => !inPath.has(name)));
  const inBody = endpoint.method === 'POST' || endpoint.method === 'PUT';
  const parts = endpoint.parts?.(input, facts as Facts) ?? (inBody ? { body: rest } : { query: rest as NonNullable<Parts['query']> });
  return { method: endpoint.method, path, scope: scopeOf(endpoint), ...parts };
}
