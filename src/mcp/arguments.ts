import type { Transport } from '@modelcontextprotocol/server';
import { closest, distance } from 'fastest-levenshtein';
import type * as z from 'zod';
import type { $ZodType, $ZodTypes } from 'zod/v4/core';
import { InputError } from '../errors.ts';
import { isObject, type Json } from '../json.ts';
import { relay } from './relay.ts';

/**
 * From what a model sent to what an endpoint takes: repair, validate, and say what is wrong so that the next call is right.
 */

/** The SDK leaves an argument of this name out of what it hands on. */
const LEFT_OUT = '__proto__';

/** The same connection, where an argument that the SDK would leave out has another name, under which it is refused as unknown. */
export function keepingArguments(inner: Transport): Transport {
  return relay(inner, ([message, ...rest], pass) => {
    const { params } = message as { readonly params?: Json };
    const given = params?.['arguments'];
    if (!isObject(given) || !Object.hasOwn(given, LEFT_OUT)) return pass(message, ...rest);
    const kept = Object.fromEntries(Object.entries(given).map(([name, value]) => [name === LEFT_OUT ? `["${LEFT_OUT}"]` : name, value]));
    pass({ ...message, params: { ...params, arguments: kept } } as typeof message, ...rest);
  });
}

/** The validated input; throws an InputError that names every problem. */
export function readArguments(schema: z.ZodObject, sent: unknown): Json {
  const problems: Problem[] = [];
  const repaired = repair(schema, sent ?? {}, [], problems);
  const parsed = schema.safeParse(repaired, { reportInput: true });
  if (parsed.success && problems.length === 0) return parsed.data;
  const issues = parsed.success ? [] : parsed.error.issues;
  // A problem found in repair says more than what Zod makes of the same field.
  const repairing = new Set(problems.map(({ argument }) => argument));
  const others = issues.flatMap((issue) => problemsOf(issue, schema)).filter(({ argument }) => !repairing.has(argument));
  const all = [...problems, ...others].map(({ argument, says }) => `${argument} ${says}`);
  const more = all.length > MOST_PROBLEMS ? `; and ${all.length - MOST_PROBLEMS} more` : '';
  throw new InputError(`The arguments are not valid: ${all.slice(0, MOST_PROBLEMS).join('; ')}${more}.`, {
    code: 'invalid_arguments',
    next: 'Correct them and call again.',
  });
}

const MOST_PROBLEMS = 8;

/** What is wrong with one argument. */
interface Problem {
  /** As `argumentName` says. */
  readonly argument: string;
  readonly says: string;
}

type Path = readonly PropertyKey[];

/** `invoices[0].amount_applied`. */
function argumentName(path: Path): string {
  const name = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  return name.replace(/^\./, '') || 'the arguments';
}

/** How the schema is defined, without the `optional` around it. */
function definitionOf(schema: $ZodType): $ZodTypes['_zod']['def'] {
  const { def } = (schema as $ZodTypes)._zod;
  return def.type === 'optional' ? definitionOf(def.innerType) : def;
}

/**
 * Clients and models send arrays, objects and numbers as JSON strings, and ids as numbers. What can only have been meant
 * one way is put right, at any depth; everything else is left for validation to name.
 */
function repair(schema: $ZodType, value: unknown, path: Path, problems: Problem[]): unknown {
  const def = definitionOf(schema);
  switch (def.type) {
    case 'object': {
      const object = typeof value === 'string' ? (fromJson(value, isObject) ?? asRequiredField(def.shape, value)) : value;
      if (!isObject(object)) return value;
      return Object.fromEntries(
        Object.entries(object).map(([key, item]) => {
          const field = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
          return [key, field === undefined ? item : repair(field, item, [...path, key], problems)];
        }),
      );
    }
    case 'array': {
      const { element } = def;
      const array = typeof value === 'string' ? (fromJson(value, Array.isArray) ?? (ofWords(element) ? listed(value) : undefined)) : value;
      if (!Array.isArray(array)) return value;
      return array.map((item, i) => repair(element, item, [...path, i], problems));
    }
    case 'number':
      return typeof value === 'string' ? (exactNumber(value) ?? value) : value;
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : value;
    case 'string':
      if (typeof value !== 'number') return value;
      if (Number.isSafeInteger(value)) return String(value);
      // 1.10 arrives as 1.1, and an id above 2^53 as another id.
      const lost = Number.isInteger(value) ? ' too large to keep its digits' : ', which does not keep its last zeros';
      problems.push({
        argument: argumentName(path),
        says: `arrived as a number${lost}: send it as a string, in quotes, with the digits you were given`,
      });
      return value;
    default:
      return value;
  }
}

/** `"INV-384"` for `{"invoice": "INV-384"}`, where that is the one field that must be there, and at most two others may. */
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

/** Not ids: what is deleted or paid by them is named one by one, never read out of a text. */
function ofWords(element: $ZodType): boolean {
  const def = definitionOf(element);
  return def.type === 'enum' || (def.type === 'string' && !def.checks?.some(({ _zod }) => 'pattern' in _zod.def));
}

/** Names separated by commas, as in Zoho's own query and in addresses. */
function listed(text: string): string[] | undefined {
  return /^\s*\w+(\s*,\s*\w+)*\s*$/.test(text) ? text.split(',').map((item) => item.trim()) : undefined;
}

/** A plain decimal that a JSON number holds exactly. */
function exactNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^-?\d+(\.\d+)?$/.test(trimmed) || trimmed.replace(/^-?0*\.?0*|\./g, '').length > 15) return undefined;
  return Number(trimmed);
}

/** What a Zod issue is about, so that a model can act on it. */
function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodObject): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = shapeAt(schema, issue.path);
    return issue.keys.map((key) => ({
      argument: argumentName([...issue.path, key]),
      says: `is not an argument; ${meant(key, known, issue.input)}`,
    }));
  }
  return [{ argument: argumentName(issue.path), says: issueInWords(issue) }];
}

function issueInWords(issue: Exclude<z.core.$ZodIssue, z.core.$ZodIssueUnrecognizedKeys>): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${article(issue.expected)}, not ${valueKind(issue.input)}`;
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

/** What a name that does not exist may have stood for: one with the same words, before one a few letters away; what is missing first. */
function meant(key: string, shape: Shape, sent: unknown): string {
  const word = key.toLowerCase();
  const known = Object.keys(shape);
  const missing = known.filter((name) => shape[name]?._zod.optin !== 'optional' && (sent as Json)[name] === undefined);
  const sharing = (names: string[]) => names.filter((name) => word.length > 1 && (name.includes(word) || word.includes(name)));
  const near = (names: string[]) => names.filter((name) => word.length < 100 && distance(word, name) <= word.length / 2);
  const candidates = [sharing(missing), sharing(known), near(missing), near(known)].find((names) => names.length > 0);
  if (candidates !== undefined) return `the nearest is ${closest(word, candidates)}`;
  const more = known.length - MOST_NAMES;
  return `there are ${known.slice(0, MOST_NAMES).join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

function article(expected: string): string {
  if (expected === 'int') return 'a whole number';
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function valueKind(value: unknown): string {
  if (value === null) return 'null (leave the argument out instead)';
  return article(Array.isArray(value) ? 'array' : typeof value);
}
