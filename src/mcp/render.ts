import type { Retry } from '../error-codes.ts';
import type { Changed, PaymentsError } from '../errors.ts';
import { asJson } from '../foreign-text.ts';
import type { Report, Step, Undo } from '../report.ts';
import type { Started } from '../started.ts';
import { requestId } from '../trace.ts';

/** Makes text for models from reports and errors. No code parses this text. */

/** The beginning of every result of the sandbox, so that nobody takes practice books for real books. */
export const SANDBOX_NOTE = 'SANDBOX: practice books on this machine, not real money.';

/** What the server's texts depend on. */
export interface Edge {
  /** Names of the tools that are switched on. */
  readonly offered: ReadonlySet<string>;
  readonly sandbox: boolean;
  readonly started: Started;
}

/** What the texts of next steps depend on. */
export type StepsEdge = Pick<Edge, 'offered' | 'started'>;

export const marked = (text: string, sandbox: boolean): string => (sandbox ? `${SANDBOX_NOTE}\n${text}` : text);

/** More steps would distract from what happened. */
const MOST_STEPS = 3;

/** The report without the steps whose tool is switched off or whose command cannot be run here. */
export function offeredIn({ undo, next, ...said }: Report, edge: StepsEdge): Report {
  const canUndo = undo !== undefined && edge.offered.has(undo.tool);
  const steps = stepsIn(next, edge).slice(0, MOST_STEPS - (canUndo ? 1 : 0));
  return { ...said, next: steps, ...(canUndo && { undo }) };
}

export function reportText({ lines, next, undo }: Report): string {
  const steps = [...next.map(stepText), ...(undo === undefined ? [] : [undoText(undo)])];
  return [...lines, ...(steps.length === 0 ? [] : [`Next: ${steps.join(' · ')}`])].join('\n');
}

/** A longer undo call is only in the structured result, not in the text. */
const MOST_CHARACTERS_OF_UNDO = 160;

/** The step that undoes a write, with the fields that it does not restore. */
function undoText(undo: Undo): string {
  const whole = undoCall(undo);
  return `to undo: ${whole.length > MOST_CHARACTERS_OF_UNDO ? `${undo.tool} as in \`undo\`` : whole}${notRestored(undo)}`;
}

const MOST_CHARACTERS_IN_ROW = 394;

/** The same step, for a row in the list of writes. */
export function undoCell(undo: Undo): string {
  const whole = undoCall(undo);
  const shown = whole.length > MOST_CHARACTERS_IN_ROW ? `${undo.tool} with the \`undo\` of the structured result` : whole;
  return `undo: ${shown}${notRestored(undo)}`;
}

/** The undo call with sorted fields. The journal does not keep the order of fields, so only a sorted call always looks the same. */
const undoCall = ({ tool, arguments: args }: Undo): string => callText(tool, idsFirst(args));

/** Sorts fields at any depth: ids first, then by name. */
function idsFirst<T>(value: T): T {
  if (Array.isArray(value)) return value.map(idsFirst) as T;
  if (typeof value !== 'object' || value === null) return value;
  const rank = (name: string) => `${name.endsWith('_id') ? 0 : 1}${name}`;
  const entries = Object.entries(value).toSorted(([a], [b]) => (rank(a) < rank(b) ? -1 : 1));
  return Object.fromEntries(entries.map(([name, item]) => [name, idsFirst(item as unknown)])) as T;
}

const notRestored = ({ not_restored = [] }: Undo): string =>
  not_restored.length === 0 ? '' : ` (does not restore ${not_restored.join(', ')})`;

/** A call that a model can copy unchanged. */
export const callText = (tool: string, args: Readonly<Record<string, unknown>>): string => `${tool} ${asJson(args)}`;

const changedLine: Record<Changed, string> = {
  no: 'Nothing was changed.',
  yes: 'The change was made.',
  unknown: 'It is unknown whether anything was changed.',
};

/** Four lines: what happened, whether anything changed, the next step, and the error code with the request id from the log. */
export function errorText(error: PaymentsError, edge: StepsEdge): string {
  const code = [error.code, requestId()].filter(Boolean).join(', ');
  const happened = [settingsHere(error, error.whatHappened, edge), ...chosenText(error)].join(' ');
  return [happened, changedLine[error.changed], `Next: ${nextText(error, edge)}`, `(${code})`].join('\n');
}

/** Adapts commands in the text to the way the program was started. Changes only errors for the operator; other texts may quote records. */
export const settingsHere = ({ actor }: PaymentsError, text: string, { started }: StepsEdge): string =>
  actor === 'operator' ? started.here(text) : text;

/** Names the user's choices, so that the next call does not ask again. */
const chosenText = ({ chosen = {} }: PaymentsError): string[] =>
  Object.entries(chosen).map(([argument, id]) => `The user chose ${argument} ${id}: use this id.`);

/** The next step if no other step is possible here. */
const otherwise: Record<Retry, string> = {
  same_call: 'Make the same call again later.',
  corrected_call: 'Ask the user.',
  never: 'Tell the user.',
};

export function nextText(error: PaymentsError, edge: StepsEdge): string {
  const chosen = Object.entries(error.chosen ?? {}).map(([argument, id]) => ` Keep ${argument} ${id}, which the user chose.`);
  return `${stepsText(error, edge)}${chosen.join('')}`;
}

function stepsText({ next, ifItStays, actor, retry }: PaymentsError, edge: StepsEdge): string {
  const [first, ...others] = stepsIn(next, edge);
  if (first === undefined) return otherwise[retry];
  const texts = [first, ...others].map(stepText);
  if (actor === 'operator') return sentence(`Ask the operator to ${texts.join(', or to ')}`);
  const lasting = ifItStays === undefined ? '' : `; if this does not help, ask the operator to ${edge.started.here(ifItStays)}`;
  const text = `${texts.join('; otherwise ')}${lasting}`;
  // The name of a tool stays in lower case.
  return sentence(first.tool !== undefined && text.startsWith(first.tool) ? text : capitalized(text));
}

export const capitalized = (text: string): string => text.replace(/^[a-z]/, (letter) => letter.toUpperCase());

/** Adds a full stop if the text has no end mark. */
export const sentence = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`);

/** Matches a command of the program, or a command's option. */
const ofTerminal = /`zoho-payments-mcp|(^|\s)--[a-z]/;

/** The steps that are possible with the switched-on tools and with the way the program was started. */
export function stepsIn(steps: readonly Step[], { offered, started }: StepsEdge): Step[] {
  const { extension: isExtension, here } = started;
  return steps.flatMap(({ without, extension, ...given }) => {
    if (extension !== undefined && given.say === undefined && !isExtension) return [];
    const said = isExtension ? (extension ?? given.say) : given.say;
    if (isExtension && ofTerminal.test(said ?? '')) return [];
    const step = { ...given, ...(said !== undefined && { say: here(said) }) };
    const isOff = [step, step.followed_by].some((part) => part?.tool !== undefined && !offered.has(part.tool));
    return !isOff ? [step] : without === undefined ? [] : [{ say: without }];
  });
}

function stepText({ say, tool, arguments: args, followed_by: after }: Step): string {
  const call = tool === undefined || args === undefined ? undefined : callText(tool, args);
  const what = [say, call].filter((part) => part !== undefined).join(': ');
  return `${what}${after === undefined ? '' : `, then ${stepText(after)}`}`;
}

/** Names the time zone of a list's times. */
export function zoneLine(zone: string | undefined): string {
  return `Times are in ${zone ?? 'UTC, because the time zone of the organization is unknown'}.`;
}
