import type { Retry } from '../error-codes.ts';
import type { Changed, PaymentsError } from '../errors.ts';
import { asJson } from '../foreign-text.ts';
import type { Report, Step, Undo } from '../report.ts';
import type { Started } from '../started.ts';
import { requestId } from '../trace.ts';

/** Sentences for a model, made of reports and errors. Nothing takes them apart again. */

/** Where everything comes from the sandbox: said in every result, so that nobody takes play money for the real books. */
export const SANDBOX_NOTE = 'SANDBOX: practice books on this machine, not real money.';

/** What the texts of a server depend on. */
export interface Edge {
  /** Names of the tools that are switched on. */
  readonly offered: ReadonlySet<string>;
  readonly sandbox: boolean;
  readonly started: Started;
}

/** What the next steps depend on. */
export type StepsEdge = Pick<Edge, 'offered' | 'started'>;

export const marked = (text: string, sandbox: boolean): string => (sandbox ? `${SANDBOX_NOTE}\n${text}` : text);

/** More would take room from what happened. */
const MOST_STEPS = 3;

/** The same report with such next steps as can be taken here. */
export function offeredIn({ undo, next, ...said }: Report, edge: StepsEdge): Report {
  const canUndo = undo !== undefined && edge.offered.has(undo.tool);
  const steps = stepsIn(next, edge).slice(0, MOST_STEPS - (canUndo ? 1 : 0));
  return { ...said, next: steps, ...(canUndo && { undo }) };
}

export function reportText({ lines, next, undo }: Report): string {
  const steps = [...next.map(stepText), ...(undo === undefined ? [] : [undoText(undo)])];
  return [...lines, ...(steps.length === 0 ? [] : [`Next: ${steps.join(' · ')}`])].join('\n');
}

/** A call longer than this stands only in the structured result. */
const MOST_CHARACTERS_OF_UNDO = 160;

/** The step that takes a write back, with what it does not restore. */
function undoText(undo: Undo): string {
  const whole = undoCall(undo);
  return `to undo: ${whole.length > MOST_CHARACTERS_OF_UNDO ? `${undo.tool} as in \`undo\`` : whole}${allBut(undo)}`;
}

const MOST_CHARACTERS_IN_ROW = 394;

/** The same as a cell of a table of writes. */
export function undoCell(undo: Undo): string {
  const whole = undoCall(undo);
  const shown = whole.length > MOST_CHARACTERS_IN_ROW ? `${undo.tool} with the \`undo\` of the structured result` : whole;
  return `undo: ${shown}${allBut(undo)}`;
}

/** The journal does not keep the order of fields, and a write found later reads as a fresh one. */
const undoCall = ({ tool, arguments: args }: Undo): string => callText(tool, idsFirst(args));

/** Ids first, then by name, at any depth. */
function idsFirst<T>(value: T): T {
  if (Array.isArray(value)) return value.map(idsFirst) as T;
  if (typeof value !== 'object' || value === null) return value;
  const rank = (name: string) => `${name.endsWith('_id') ? 0 : 1}${name}`;
  const entries = Object.entries(value).toSorted(([a], [b]) => (rank(a) < rank(b) ? -1 : 1));
  return Object.fromEntries(entries.map(([name, item]) => [name, idsFirst(item as unknown)])) as T;
}

const allBut = ({ not_restored = [] }: Undo): string => (not_restored.length === 0 ? '' : ` (all but ${not_restored.join(', ')})`);

/** A call that a model can make as it stands. */
export const callText = (tool: string, args: Readonly<Record<string, unknown>>): string => `${tool} ${asJson(args)}`;

const changedLine: Record<Changed, string> = {
  no: 'Nothing was changed.',
  yes: 'The change was made.',
  unknown: 'Whether anything was changed is unknown.',
};

/** Four lines: what happened, whether anything changed, what to do next, and the code with the id of the call as the log knows it. */
export function errorText(error: PaymentsError, edge: StepsEdge): string {
  const code = [error.code, requestId()].filter(Boolean).join(', ');
  const happened = [settingsHere(error, error.whatHappened, edge), ...chosenText(error)].join(' ');
  return [happened, changedLine[error.changed], `Next: ${nextText(error, edge)}`, `(${code})`].join('\n');
}

/** What happened is told with the settings of this server only where an operator has to act: other texts quote records. */
export const settingsHere = ({ actor }: PaymentsError, text: string, { started }: StepsEdge): string =>
  actor === 'operator' ? started.here(text) : text;

/** So that the next call needs no question about it. */
const chosenText = ({ chosen = {} }: PaymentsError): string[] =>
  Object.entries(chosen).map(([argument, id]) => `The user chose ${argument} ${id}: use this id.`);

/** Where no step is left that can be taken. */
const otherwise: Record<Retry, string> = {
  same_call: 'Make the same call again in a little while.',
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
  const lasting = ifItStays === undefined ? '' : `; if it stays so, ask the operator to ${edge.started.here(ifItStays)}`;
  const text = `${texts.join('; otherwise ')}${lasting}`;
  // The name of a tool keeps its small letters.
  return sentence(first.tool !== undefined && text.startsWith(first.tool) ? text : capitalized(text));
}

export const capitalized = (text: string): string => text.replace(/^[a-z]/, (letter) => letter.toUpperCase());

/** With a full stop, where it has none. */
export const sentence = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`);

/** A command of the program, or an option of one. */
const ofTerminal = /`zoho-payments-mcp|(^|\s)--[a-z]/;

/** Those steps that can be taken with the tools that are switched on, and where the program was started. */
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

/** Which time zone the times of a list are in. */
export function zoneLine(zone: string | undefined): string {
  return `Times are in ${zone ?? 'UTC, since the time zone of the organization is not known'}.`;
}
