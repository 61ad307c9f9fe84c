import { type ZohoRefusal } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';

/**
 * Zoho's code and message for an error, as data. The code is one short line. Secrets of the call are masked, because a server or proxy
 * may send them back.
 */
export function zohoWords({ code, message }: { code: unknown; message: unknown }, secrets: readonly string[]): ZohoRefusal {
  const quiet = (value: unknown) =>
    secrets.reduce((text, secret) => (secret === '' ? text : text.replaceAll(secret, '***')), asText(value));
  return { code: typeof code === 'number' ? code : oneLine(quiet(code), 80), message: quiet(message) };
}

/** Any JSON value as text. Never calls `toString` of an object, because it is Zoho's data. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}
