import { badJson, invalidValue, tooLong } from './errors.ts';
import { type Arrival, isForm } from './message.ts';
import { parseMills, parseRate } from './money.ts';
import { isDate } from './org-time.ts';

export type Json = Record<string, unknown>;

/**
 * Matches strings, which stay unchanged, and integers that are too long for a double, which become strings. So ids keep all digits even if
 * a client sends them as numbers.
 */
const LONG_NUMBERS = /("(?:[^"\\]|\\.)*")|-?\d{16,}(?![\d.eE])/g;

/** Reads the JSON of a request from its body or from the form field JSONString, which Zoho still accepts (live recordings). */
export function readJson(arrival: Arrival): unknown {
  const form = isForm(arrival) ? new URLSearchParams(arrival.body).get('JSONString') : null;
  const text = form ?? (arrival.body === '' ? arrival.query.get('JSONString') : null) ?? arrival.body;
  try {
    return JSON.parse(text.replaceAll(LONG_NUMBERS, (all, quoted: string | undefined) => quoted ?? `"${all}"`)) as unknown;
  } catch {
    throw badJson();
  }
}

export function readObject(arrival: Arrival): Json {
  const value = readJson(arrival);
  if (!isObject(value)) throw badJson();
  return value;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Each reader returns undefined for a missing or null field, and throws Zoho's error for an invalid value.

export function textField(body: Json, field: string, max: number): string | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' && typeof value !== 'number') throw invalidValue(field);
  const text = String(value);
  if (text.length > max) throw tooLong(field, max);
  return text;
}

/** An id of another document. A blank value (Zoho's own samples send " ") counts as missing. */
export function idField(body: Json, field: string): string | undefined {
  const text = textField(body, field, 2000)?.trim();
  if (text === undefined || text === '') return undefined;
  if (!/^\d+$/.test(text)) throw invalidValue(field);
  return text;
}

export function dateField(body: Json, field: string): string | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || !isDate(value)) throw invalidValue(field);
  return value;
}

/** An amount of zero or more, in mills. Numeric strings are accepted too (live recordings). */
export function moneyField(body: Json, field: string, precision: number): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  const mills = parseMills(value, precision);
  if (mills === undefined || mills < 0) throw invalidValue(field);
  return mills;
}

export function rateField(body: Json, field: string): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  const rate = parseRate(value);
  if (rate === undefined) throw invalidValue(field);
  return rate;
}

export function objectsField(body: Json, field: string): Json[] | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every(isObject)) throw invalidValue(field);
  return value;
}
