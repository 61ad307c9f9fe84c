import { isSafeNumber, parse as parseLosslessly } from 'lossless-json';
import { isObject, type Json } from '../json.ts';
import type { HttpResponse } from './http.ts';

/** A response body, parsed if possible. */
export type ZohoAnswer =
  | { readonly kind: 'json'; readonly status: number; readonly body: Json }
  | { readonly kind: 'bytes'; readonly status: number; readonly bytes: Buffer; readonly mimeType: string }
  /** A response that is not from the API: an HTML error page, or a truncated or empty body. */
  | { readonly kind: 'unreadable'; readonly status: number; readonly what: string };

export function readAnswer({ status, headers, bytes }: Pick<HttpResponse, 'status' | 'headers' | 'bytes'>): ZohoAnswer {
  const mimeType =
    String(headers['content-type'] ?? '')
      .split(';', 1)[0]
      ?.trim()
      .toLowerCase() ?? '';
  // A receipt may come as application/octet-stream.
  if (mimeType === 'application/pdf' || bytes.subarray(0, 5).toString('latin1') === '%PDF-')
    return { kind: 'bytes', status, bytes, mimeType: 'application/pdf' };
  const text = bytes.toString('utf8').trim();
  if (mimeType === 'text/html' || /^<(!doctype|html)/i.test(text)) return { kind: 'unreadable', status, what: 'an HTML page' };
  if (text === '') return { kind: 'unreadable', status, what: 'an empty body' };
  try {
    const body = parseJson(text);
    if (isObject(body)) return { kind: 'json', status, body };
    return { kind: 'unreadable', status, what: 'JSON that is not an object' };
  } catch {
    return { kind: 'unreadable', status, what: 'a body that is not valid JSON' };
  }
}

/** True if the body holds a record or a list, not only code and message. */
export function holdsSomething(body: Json): boolean {
  return Object.values(body).some((value) => typeof value === 'object' && value !== null);
}

/** An integer, which Zoho may send as a string of digits. Undefined for everything else. */
export function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value)) ? Number(value) : undefined;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Matches 16 digits or more: such a number may be an id without quotes, whose last digits JSON.parse would change. */
const longNumber = /[:[,]\s*-?\d{16}/;

/** Parses JSON. An integer beyond 2^53 stays exact, as a string of digits. */
export function parseJson(text: string): unknown {
  if (!longNumber.test(text)) return JSON.parse(text);
  return parseLosslessly(text, undefined, {
    parseNumber: (digits) => (isSafeNumber(digits) ? Number(digits) : digits),
    // The last value counts, as in JSON.parse.
    onDuplicateKey: ({ newValue }) => newValue,
  });
}
