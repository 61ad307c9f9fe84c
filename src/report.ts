/** Reports of tools, as data. Only mcp/render.ts and cli/render.ts turn them into text. */

/** A next step. */
export interface Step {
  /** The purpose of the call if there are `arguments`, otherwise the whole instruction. */
  readonly say?: string;
  /** The tool that the step calls or names. If the tool is switched off, the step is not shown. */
  readonly tool?: string;
  /** Instruction to show instead if the tool is switched off. */
  readonly without?: string;
  /** Replaces `say` inside an extension, which has no terminal. Without `say`, the step is shown only inside an extension. */
  readonly extension?: string;
  /** Arguments of a complete call. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** The step that follows this step. */
  readonly followed_by?: Step;
}

/** A call that undoes a write. */
export interface Undo {
  readonly tool: string;
  readonly arguments: Record<string, unknown>;
  /** What the call does not restore, in words: ids and numbers of a deleted record, values that Zoho does not clear or show. */
  readonly not_restored?: readonly string[];
}

/** The result of a call, for models. */
export interface Report {
  /** One fact each: ids, amounts, what changed. */
  readonly lines: readonly string[];
  /** Next steps, the most useful first. */
  readonly next: readonly Step[];
  readonly undo?: Undo | undefined;
  /** Amounts after the write, under Zoho's names. They are calculated, because Zoho's answer does not show them. */
  readonly after?: Readonly<Record<string, unknown>>;
}

type Perhaps<T> = T | '' | 0 | false | undefined;

/** Makes a report without the lines and steps that do not apply. */
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

/** A step that is a complete call. */
export function toolCall(tool: string, args: Readonly<Record<string, unknown>>, say?: string): Step {
  return { ...(say !== undefined && { say }), tool, arguments: args };
}
