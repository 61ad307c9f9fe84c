import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { closest, distance } from 'fastest-levenshtein';
import type * as z from 'zod';
import type { $ZodType, $ZodTypes } from 'zod/v4/core';
import { InputError } from '../errors.ts';
import { isObject, type Json } from '../json.ts';
import { NOT_AN_ID, shownBy, standsForAll } from '../records/fields.ts';
import { CLEARED } from '../records/zoho-shapes.ts';
import type { Step } from '../report.ts';

/**
 * Turns a model's arguments into an endpoint's input: repairs and validates them, and names every error, so that the model can correct it.
 */

/** The SDK drops an argument with this name. */
const LEFT_OUT = '__proto__';

/**
 * Changes a message, so that `readArguments` gets arguments that the SDK would refuse or drop. JSON text becomes an object; null, "" and an
 * empty list become no arguments. An argument that the SDK would drop is renamed, so that it is refused as unknown.
 */
export function keepingArguments<M extends JSONRPCMessage>(message: M): M {
  const { method, params } = message as { readonly method?: string; readonly params?: unknown };
  if (!isObject(params)) return message;
  // Arguments of prompts and completions are optional texts.
  const readable = method === 'tools/call' ? withArguments(params) : withArguments(params, isGiven);
  const context = isObject(params['context']) && { context: withArguments(params['context'], isGiven) };
  return { ...message, params: { ...readable, ...context } };
}

const isGiven = (value: unknown) => value !== null;

function withArguments(params: Json, keeps: (value: unknown) => boolean = () => true): Json {
  if (!Object.hasOwn(params, 'arguments')) return params;
  const { arguments: sent, ...others } = params;
  const given = typeof sent === 'string' ? (fromJson(sent, isObject) ?? sent) : sent;
  if (given === null || given === '' || (Array.isArray(given) && given.length === 0)) return others;
  if (!isObject(given)) return params;
  const kept = Object.entries(given).filter(([, value]) => keeps(value));
  return { ...others, arguments: Object.fromEntries(kept.map(([name, value]) => [name === LEFT_OUT ? `["${LEFT_OUT}"]` : name, value])) };
}

/** Returns the validated input, or throws an InputError that names every problem. `isUpdate`: omitted fields keep their value in Zoho. */
export function readArguments(schema: z.ZodObject, sent: unknown, { isUpdate = false } = {}): Json {
  const { input, problems, next } = checkArguments(schema, sent, { isUpdate });
  if (input !== undefined) return input;
  const all = problems.map(({ argument, says }) => `${argument} ${says}`);
  const more = all.length > MOST_PROBLEMS ? `; and ${all.length - MOST_PROBLEMS} more` : '';
  throw new InputError(`The arguments are not valid: ${all.slice(0, MOST_PROBLEMS).join('; ')}${more}.`, {
    code: 'invalid_arguments',
    next,
  });
}

type Checked =
  | { readonly input: Json; readonly problems?: never; readonly next?: never }
  | { readonly input?: never; readonly problems: readonly Problem[]; readonly next: string | Step };

/** Returns the validated input, or every problem as data for a caller that words the error itself. `next`: the next step for a model. */
export function checkArguments(schema: z.ZodObject, sent: unknown, { isUpdate = false } = {}): Checked {
  const problems: Problem[] = [];
  const repaired = repair(schema, sent ?? {}, [], { isUpdate, problems });
  const parsed = schema.safeParse(repaired, { reportInput: true });
  if (parsed.success && problems.length === 0) return { input: parsed.data };
  const issues = parsed.success ? [] : parsed.error.issues;
  // If a repair found a problem, Zod's issue with the same field is dropped, because it explains less.
  const repairing = new Set(problems.map(({ argument }) => argument));
  const others = issues.flatMap((issue) => problemsOf(issue, schema)).filter(({ argument }) => !repairing.has(argument));
  return { problems: [...problems, ...others], next: correction(issues) };
}

/** The next step. If a name was sent instead of an id, the step names the tool that shows the id. */
function correction(issues: readonly z.core.$ZodIssue[]): string | Step {
  const say = 'Correct them and call again';
  const names = issues.filter(({ message }) => message === NOT_AN_ID).map(({ path }) => path.findLast((part) => typeof part === 'string'));
  const name = names.find((one) => one !== undefined && Object.hasOwn(shownBy, one));
  const tool = name && shownBy[name];
  return tool ? { say: `${say}; ${tool} shows the ${name}.`, tool, without: `${say}.` } : `${say}.`;
}

const MOST_PROBLEMS = 8;

/** One problem with one argument. */
export interface Problem {
  /** A name from `argumentName`. */
  readonly argument: string;
  readonly says: string;
}

type Path = readonly PropertyKey[];

/** `invoices[0].amount_applied`. */
function argumentName(path: Path): string {
  const name = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return name.replace(/^\./, '') || 'the arguments';
}

/** The schema's definition without its `optional` wrapper. */
function definitionOf(schema: $ZodType): $ZodTypes['_zod']['def'] {
  const { def } = (schema as $ZodTypes)._zod;
  return def.type === 'optional' ? definitionOf(def.innerType) : def;
}

interface Repairing {
  readonly isUpdate: boolean;
  readonly problems: Problem[];
}

/**
 * Corrects a value at any depth if it can have only one meaning. Clients and models send arrays, objects and numbers as JSON strings, ids
 * as numbers, and null or "" for omitted arguments. Validation reports everything else.
 */
function repair(schema: $ZodType, value: unknown, path: Path, repairing: Repairing): unknown {
  const def = definitionOf(schema);
  switch (def.type) {
    case 'object': {
      const object = typeof value === 'string' ? (fromJson(value, isObject) ?? asRequiredField(def.shape, value)) : value;
      if (!isObject(object)) return value;
      return Object.fromEntries(
        Object.entries(object).flatMap(([key, item]) => {
          const field = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
          if (field === undefined) return [[key, item]];
          const at = [...path, key];
          return isLeftOut(field, item, at, repairing) ? [] : [[key, repair(field, item, at, repairing)]];
        }),
      );
    }
    case 'array': {
      const { element } = def;
      const array = typeof value === 'string' ? (fromJson(value, Array.isArray) ?? (ofWords(element) ? listed(value) : undefined)) : value;
      if (!Array.isArray(array)) return value;
      return array.map((item, i) => repair(element, item, [...path, i], repairing));
    }
    case 'number':
      return typeof value === 'string' ? (exactNumber(value) ?? value) : value;
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : value;
    case 'string':
      if (typeof value !== 'number') return value;
      if (Number.isSafeInteger(value)) return String(value);
      // 1.10 arrives as 1.1, and an id above 2^53 as another id.
      const lost = Number.isInteger(value) ? ' that is too large to be exact' : ', which drops zeros at the end';
      repairing.problems.push({
        argument: argumentName(path),
        says: `arrived as a number${lost}: send a string in quotes, with exactly the digits you were given`,
      });
      return value;
    default:
      return value;
  }
}

/**
 * True if the field counts as omitted: null or "", and in a field that is not text also blanks or "null". Two cases do not count as
 * omitted, because the call could do something that the model did not mean. In an update, null could mean to clear the field, and ""
 * clears a field of `CLEARED`. If an omitted amount means the full amount, null or "" is reported as a problem.
 */
function isLeftOut(field: $ZodType, item: unknown, path: Path, { isUpdate, problems }: Repairing): boolean {
  const isText = definitionOf(field).type === 'string';
  const isNull = item === null || (!isText && item === 'null');
  const isEmpty = item === '' || (!isText && typeof item === 'string' && item.trim() === '');
  if (!isNull && !isEmpty) return false;
  if (standsForAll.has(field)) {
    const says = `is ${isNull ? 'null' : 'empty'}, which gives no amount: send an amount, or omit the argument for the whole amount`;
    problems.push({ argument: argumentName(path), says });
    return false;
  }
  if (field._zod.optin !== 'optional') return isNull || !isText;
  return isNull ? !isUpdate : !(isUpdate && path.length === 1 && CLEARED.has(String(path[0])));
}

/** Reads `"INV-384"` as `{"invoice": "INV-384"}`, if the object has one required text field and at most two optional fields. */
function asRequiredField(shape: Record<string, $ZodType>, text: string): Json | undefined {
  const [required, ...others] = Object.keys(shape).filter((name) => shape[name]?._zod.optin !== 'optional');
  if (required === undefined || others.length > 0 || Object.keys(shape).length > 3 || definitionOf(shape[required]!).type !== 'string')
    return undefined;
  return { [required]: text };
}

function fromJson<T>(text: string, is: (value: unknown) => value is T): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return is(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** True for words, false for ids. One text is never read as a list of ids: each record to delete or pay must be a separate item. */
function ofWords(element: $ZodType): boolean {
  const def = definitionOf(element);
  return def.type === 'enum' || (def.type === 'string' && !def.checks?.some(({ _zod }) => 'pattern' in _zod.def));
}

/** Splits names separated by commas, as in Zoho's query and in URIs. */
function listed(text: string): string[] | undefined {
  return /^\s*\w+(\s*,\s*\w+)*\s*$/.test(text) ? text.split(',').map((item) => item.trim()) : undefined;
}

/** The number in the text, if it is a plain decimal that a JSON number holds exactly. */
function exactNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^-?\d+(\.\d+)?$/.test(trimmed) || trimmed.replace(/^-?0*\.?0*|\./g, '').length > 15) return undefined;
  return Number(trimmed);
}

/** Describes a Zod issue in words that a model can act on. */
function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodObject): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = shapeAt(schema, issue.path);
    return issue.keys.map((key) => ({
      argument: argumentName([...issue.path, key]),
      says: `is not an argument${meant(key, known, issue.input)}`,
    }));
  }
  return [{ argument: argumentName(issue.path), says: issueInWords(issue) }];
}

function issueInWords(issue: Exclude<z.core.$ZodIssue, z.core.$ZodIssueUnrecognizedKeys>): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing';
      if (issue.expected === 'number' && typeof issue.input === 'string' && WRITTEN_NUMBER.test(issue.input))
        return plainNumber(issue.input);
      return `must be ${article(issue.expected)}, not ${valueKind(issue.input)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_big':
      return limit(issue.origin, 'most', Number(issue.maximum));
    case 'too_small':
      return issue.message.startsWith('must') ? issue.message : limit(issue.origin, 'least', Number(issue.minimum));
    default:
      return issue.message;
  }
}

/** A number with separators, as people write it: 450,00 or 1.250,50. */
const WRITTEN_NUMBER = /^\s*-?\d[\d.,' \u00a0]{0,20}[,' \u00a0][\d.,' \u00a0]{0,20}$/;

/** A comma before one or two last digits is a decimal comma. Every other separator could mean two amounts. */
function plainNumber(text: string): string {
  const [, whole, decimals] = /^\s*(-?\d+),(\d\d?)\s*$/.exec(text) ?? [];
  return whole === undefined
    ? 'must be a number: write it with a decimal point and without other separators, such as 1250.50'
    : `must be a number: write ${whole}.${decimals}, with a point`;
}

function limit(origin: string, which: 'most' | 'least', bound: number): string {
  if (which === 'least' && bound === 1 && (origin === 'string' || origin === 'array')) return 'must not be empty';
  if (origin === 'string') return `must have at ${which} ${bound} characters`;
  if (origin === 'array') return `must have at ${which} ${bound} entries`;
  return `must be at ${which} ${bound}`;
}

type Shape = Readonly<Record<string, $ZodType>>;

function shapeAt(schema: $ZodType, path: Path): Shape {
  let def = definitionOf(schema);
  for (const key of path) {
    const inner = def.type === 'array' ? def.element : def.type === 'object' ? def.shape[String(key)] : undefined;
    if (inner === undefined) return {};
    def = definitionOf(inner);
  }
  return def.type === 'object' ? def.shape : {};
}

const MOST_NAMES = 12;

/**
 * Suggests an argument for an unknown name: first an argument whose name contains the unknown name or is a part of it, then one with a
 * similar name. Tries missing required arguments before all others. If nothing fits, lists the valid names.
 */
function meant(key: string, shape: Shape, sent: unknown): string {
  const word = key.toLowerCase();
  const known = Object.keys(shape);
  const missing = known.filter((name) => shape[name]?._zod.optin !== 'optional' && (sent as Json)[name] === undefined);
  const sharing = (names: string[]) => names.filter((name) => word.length > 1 && (name.includes(word) || word.includes(name)));
  const near = (names: string[]) => names.filter((name) => word.length < 100 && distance(word, name) <= word.length / 2);
  const candidates = [sharing(missing), sharing(known), near(missing), near(known)].find((names) => names.length > 0);
  if (candidates !== undefined) return ` (did you mean ${closest(word, candidates)}?)`;
  if (known.length === 0) return '; this tool takes no arguments';
  const more = known.length - MOST_NAMES;
  return `; valid names are ${known.slice(0, MOST_NAMES).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

function article(expected: string): string {
  if (expected === 'int') return 'a whole number';
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function valueKind(value: unknown): string {
  if (value === null) return 'null (omit the argument instead)';
  return article(Array.isArray(value) ? 'array' : typeof value);
}
