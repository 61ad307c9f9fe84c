/** What a tool has to say, as data. Only mcp/render.ts and cli/render.ts make sentences of it. */

/** Something to do next. */
export interface Step {
  /** With `arguments`, what the call is for; otherwise the whole instruction. */
  readonly say?: string;
  /** The tool that it calls or names: where that is switched off, the step is not shown. */
  readonly tool?: string;
  /** What is said there in its place. */
  readonly without?: string;
  /** What is said in place of `say` inside an extension, which has no terminal. Without `say` the step is shown only there. */
  readonly extension?: string;
  /** Arguments of a call that can be made as it stands. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** The step after it. */
  readonly followed_by?: Step;
}

/** A call that takes a write back. */
export interface Undo {
  readonly tool: string;
  readonly arguments: Record<string, unknown>;
  /** What it cannot bring back, in words: ids and numbers of a deleted record, what Zoho does not unset or tell. */
  readonly not_restored?: readonly string[];
}

/** What a call came to, for a model to read. */
export interface Report {
  /** One fact each: ids, amounts, what changed. */
  readonly lines: readonly string[];
  /** What can be done next, the most useful first. */
  readonly next: readonly Step[];
  readonly undo?: Undo | undefined;
  /** What is true after a write, as far as Zoho's answer does not show it: amounts, under Zoho's names for them. */
  readonly after?: Readonly<Record<string, unknown>>;
}

type Perhaps<T> = T | '' | 0 | false | undefined;

/** Lines and steps, without those that do not apply. */
export function createReport(
  lines: readonly Perhaps<string>[],
  next: readonly Perhaps<Step>[] = [],
  after: Readonly<Record<string, unknown>> = {},
): Report {
  return {
    lines: lines.filter((line): line is string => typeof line === 'string' && line !== ''),
    next: next.filter((step): step is Step => typeof step === 'object'),
    ...(Object.values(after).some((value) => value !== undefined) && { after }),
  };
}

/** A call that can be made as it stands. */
export function toolCall(tool: string, args: Readonly<Record<string, unknown>>, say?: string): Step {
  return { ...(say !== undefined && { say }), tool, arguments: args };
}
