import type * as z from 'zod';
import type { Concern } from './concern.ts';
import { conform } from './conform.ts';
import type { Json } from './json.ts';
import type { Report, Step, Undo } from './report.ts';

/**
 * What an endpoint is. One declaration is the tool, the resource, the HTTP call, the rows in README.md and docs/pipelines.md, and the
 * entry in manifest.json; annotations, read-only mode and scopes follow from `method`.
 */

/** What a call carries besides its path. Undefined values are left out. */
export interface Parts {
  readonly query?: Record<string, string | number | boolean | undefined>;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** The names in `{braces}` of a path. */
export type Placeholder<P extends string> = P extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholder<Rest> : never;

/** An operation of Zoho's: one HTTP call, and what its answer comes to. */
export interface Operation<P extends string = string, I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  /** Zoho's operationId: also the tool, its file, and the journal's word. */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: P;
  /** The word in the OAuth scope `ZohoBooks.<module>.<verb>`; customerpayments when left out. */
  readonly module?: string;
  readonly input: I;
  /** Loose and all optional: names only what the next call needs. */
  readonly output: O;
  /** What Zoho's envelope comes to, in one shape whichever documented or recorded shape it had; made to fit `output`. */
  result(body: Json, input: z.output<I>): z.output<O>;
}

/**
 * What an answer shows, against the record that its request named: that one, or another, or a record without an id, or none of its
 * kind. An answer that does not tell whose its rows are counts as that of the record asked for.
 */
export type Shown = 'asked' | 'another' | 'unnamed' | 'none';

/** An operation that only reads; a tool or not. */
export interface ReadOperation<
  P extends string = string,
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodObject = z.ZodObject,
> extends Operation<P, I, O> {
  readonly method: 'GET';
  /** What is not in the path; by default every other input field, as the query. */
  parts?(input: z.output<I>): Parts;
  /**
   * Where the path names a record: whether the answer is about it. On a connection out of step each answer is that of an earlier request.
   */
  shows?(body: Json, input: z.output<I>): Shown;
}

/** What a tool adds to an operation, for the model. */
interface Face {
  readonly title: string;
  /** What it does, what to call first, what not to use it for. */
  readonly description: string;
}

/** A resource that a read is also available as; its template variables are fields of the input. */
export interface ResourceForm {
  readonly uri: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** `application/pdf` is read as bytes, everything else as the tool's structured result. */
  readonly mimeType: 'application/json' | 'application/pdf';
}

/** A read as a tool. */
export interface ReadTool<P extends string = string, I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject>
  extends ReadOperation<P, I, O>, Face {
  readonly kind: 'read';
  /** For the model: ids, amounts, what can be done next. */
  report(result: z.output<O>, input: z.output<I>): Report;
  readonly resources?: readonly ResourceForm[];
  /** Resources worth opening after this result, as `name of a ResourceForm`. */
  links?(input: z.output<I>): readonly string[];
}

/** In `money`, where the scopes do not show the currency. */
export const UNKNOWN_CURRENCY = 'unknown';

/** An amount as a write will leave it. */
export interface Money {
  readonly kind: 'payment' | 'refund';
  readonly currency: string;
  /** The whole of it. */
  readonly amount: number;
  /** How much of it was not there before. */
  readonly adds: number;
  /** Whose it will be. */
  readonly customer_id: string | undefined;
}

/** An exchange rate for a foreign currency, and every known one it can be compared with. Results are in base currency: `USD 804.00`. */
export interface RateFacts {
  readonly given: number;
  readonly result: string;
  /** `of` says whose it is: `kept for JPY`, `of invoice INV-399`. */
  readonly known: readonly { readonly rate: number; readonly of: string; readonly result: string }[];
}

/** What a write would do, read fresh inside its turn; grouped by who reads it. */
export interface Facts {
  /** Shown to the person, and sealed into their consent. */
  readonly question: {
    /** What would be done, as the first line: `Refund USD 50.00 to "Acme"`. */
    readonly title: string;
    /** All of it in one line, for a list of writes. */
    readonly line?: string;
    /** One line per fact, composed by code; text from records quoted and cut. */
    readonly lines: readonly string[];
    /** What a person must be asked about. Empty where the host's own approval of the call is enough. */
    readonly ask: readonly Concern[];
    /** Checks that the token's scopes do not allow. */
    readonly not_checked: readonly string[];
    /** Records that the lines show only in part: a change in them asks again. */
    readonly sealed?: Json;
  };
  /** What the policy's limits are about. */
  readonly policy: {
    readonly money?: Money | undefined;
    /** The exchange rate, where there is one to judge: how far off it may be is the policy's to say. */
    readonly rate?: RateFacts | undefined;
    readonly customer_id?: string | undefined;
    /** Accounts and date as they will stand: also where the call does not name them. */
    readonly uses?: {
      readonly account_id?: string | undefined;
      readonly from_account_id?: string | undefined;
      readonly date?: string | undefined;
    };
  };
  /** What may be recorded already. */
  readonly duplicates: {
    /** The kind of record this write will make, if it makes one. */
    readonly makes?: 'payment' | 'refund';
    /** Records that look like the one to be made: each must be meant, in `allow_duplicate_of`. */
    readonly alike?: readonly { readonly id: string; readonly text: string }[];
  };
  /** What is needed where its answer is lost. */
  readonly lost: {
    /** What no other write may touch while the outcome of this one is unknown. */
    readonly touches: Touched;
    /** What looking compares with: ids before, values before. */
    readonly before: Json;
  };
}

/** What a write touches. */
export interface Touched {
  /** Ids of payments. */
  readonly payments?: readonly string[];
  /** Payments that it makes, or adds to: of whom, and how much. */
  readonly creates?: readonly { readonly customer_id: string; readonly amount: number | undefined }[];
  /** A value of a custom field that Zoho keeps unique. */
  readonly unique?: Minted;
}

/** A write whose answer was lost, as it was claimed. */
export interface Attempt {
  readonly input: Json;
  readonly body: unknown;
  readonly before: Json;
  /** When it was sent, by Zoho's clock where that is known. Milliseconds since 1970. */
  readonly sentAt?: number | undefined;
  /** The record that a broken answer named. */
  readonly named?: string | undefined;
  /** Whether a record is known to come of another write of ours: one record settles one write only. */
  ofAnother(zoho_id: string): Promise<boolean>;
}

/** What was sent, and the answer to it, for comparing the two. */
export interface Sent extends Pick<Attempt, 'body' | 'before'> {
  readonly input: Json;
  /** The answer itself, as Zoho sent it. */
  readonly answer: Json;
}

/** What Zoho shows of it. */
export type Seen =
  /** Carried out: exactly what was sent is there. */
  | { readonly seen: 'there'; readonly zoho_id?: string | undefined; readonly result: Json }
  /** Of several records some are as sent, and all that ever will be once nothing more of it can come. */
  | { readonly seen: 'in part'; readonly result: Json; readonly why: string }
  /** Nothing of it shows, yet. `exactly`: it was looked for by a value that only it has. */
  | { readonly seen: 'not there'; readonly exactly?: true }
  /** Something shows that may or may not be it: for a person to tell. */
  | { readonly seen: 'unclear'; readonly why: string; readonly candidates: readonly { readonly id: string; readonly text: string }[] };

/** A value of a custom field that Zoho keeps unique, made for one write. */
export interface Minted {
  readonly key: string;
  readonly value: string;
}

/** A write in its other form: Zoho's upsert by a unique custom field. */
export interface Upsert {
  /** Why this custom field does not serve for this request, or undefined when it does. */
  unusable(key: string, request: ZohoRequest, zoho: Reader): Promise<string | undefined>;
  request(request: ZohoRequest, unique: Minted): ZohoRequest;
  /** Whether looking by the value finds just the record that was made with it; or that Zoho refuses to look by it. */
  finds(zoho_id: string, unique: Minted, zoho: Reader): Promise<boolean | 'refused'>;
}

/** What a write's report is made from besides its result: all of it is in the journal, so that a write found later reads as a fresh one. */
export interface ReportFacts<F extends Facts = Facts> {
  readonly not_checked: readonly string[];
  /** An entry of an earlier version may lack any part of it. */
  readonly before: Partial<F['lost']['before']>;
}

/** What makes a write safe. */
export interface Safety<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject, F extends Facts = Facts> {
  /** What it leaves can look like a record that is there already. */
  readonly canDuplicate?: boolean;
  /** The turns it takes: `payment:<id>`, for a new payment `customer:<id>`. */
  turn(input: z.output<I>, zoho: Reader): readonly string[] | Promise<readonly string[]>;
  /** Look before sending: throws to refuse, returns the facts that question, request and report are made from. */
  preflight(input: z.output<I>, zoho: Reader): Promise<F>;
  /** Set where the write can also be made as an upsert; `look` then finds it by `before.unique`. */
  readonly upsert?: Upsert;
  /** For a write of several records, which Zoho may report as done when only some are: what each of them came to. */
  each?(result: z.output<O>, zoho: Reader): Promise<z.output<O>>;
  /** What may be behind a refusal of Zoho's whose code tells nothing: what else can be done about it. */
  afterRefusal?(input: Json, zoho: Reader): Promise<readonly Step[]>;
  /** Whether an attempt shows in Zoho. */
  look(attempt: Attempt, zoho: Reader): Promise<Seen>;
  /**
   * What of a success answer speaks against its being about this write: another id, customer or amount. Undefined where nothing does.
   * Such an answer proves nothing, so the outcome is unknown then.
   */
  contradiction(result: z.output<O>, sent: Sent): string | undefined;
  /** What takes it back, or undefined where nothing does. */
  undo(result: z.output<O>, input: z.output<I>, before: F['lost']['before']): Undo | undefined;
}

/** A write as a tool. */
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
  /** What is not in the path; by default every other input field, as the body (POST, PUT) or the query (DELETE). */
  parts?(input: z.output<I>, facts: F): Parts;
  /** For the model: ids, amounts, what changed, what can be done next; with what was known before the write. */
  report(result: z.output<O>, input: z.output<I>, facts?: ReportFacts<F>): Report;
}

/** An operation of Zoho's as a tool. */
export type Endpoint = ReadTool | WriteTool;

/** Milliseconds since 1970; the true time lies between the two. */
export interface ZohoClock {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Reads through an endpoint: all that a preflight may do. How old an answer may be is the reader's, not the function's that reads. */
export interface Reader {
  readonly organizationId: string;
  /** The time by Zoho's own clock, from the Date of its answers. Undefined before the first answer. */
  clock(): ZohoClock | undefined;
  /**
   * A reader whose answers may be some seconds old, though never older than a write of ours: for what one conversation asks again and
   * again.
   */
  readonly recent: Reader;
  /** A reader whose answers may be some minutes old: for settings that hardly change. */
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
 * A GET that is no tool. Does not compile when a `{placeholder}` has no input field, or when its path names a record and it does not tell
 * whether an answer is about that.
 */
export function defineOperation<const P extends string, I extends z.ZodObject, O extends z.ZodObject>(
  operation: Omit<ReadOperation<P, I, O>, 'method'> & FieldForEachPlaceholder<P, I> & ShowsItsRecord<P, I, O>,
): ReadOperation<P, I, O> {
  return conforming<ReadOperation<P, I, O>>({ ...operation, method: 'GET' });
}

/** A GET as a tool, under the same conditions. */
export function defineRead<const P extends string, I extends z.ZodObject, O extends z.ZodObject>(
  tool: Omit<ReadTool<P, I, O>, 'kind' | 'method'> & FieldForEachPlaceholder<P, I> & ShowsItsRecord<P, I, O>,
): ReadTool<P, I, O> {
  return conforming<ReadTool<P, I, O>>({ ...tool, kind: 'read', method: 'GET' });
}

/** A POST, PUT or DELETE. Does not compile without a preflight and a look, or when a `{placeholder}` has no input field. */
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
  /** Placeholders filled, each value one path segment. */
  readonly path: string;
  /** Named in an error when the token lacks it. */
  readonly scope: string;
}

/** The HTTP call that an endpoint makes of this input. `facts` are a write's, from its preflight. */
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
