import { type ZohoRefusal } from '../errors.ts';
import { oneLine } from '../foreign-text.ts';

/**
 * Zoho's own words for an error, kept as data: the code as one short line, and neither with a secret of the call, should a
 * server or a proxy in between send it back.
 */
export function zohoWords({ code, message }: { code: unknown; message: unknown }, secrets: readonly string[]): ZohoRefusal {
  const quiet = (value: unknown) =>
    secrets.reduce((text, secret) => (secret === '' ? text : text.replaceAll(secret, '***')), asText(value));
  return { code: typeof code === 'number' ? code : oneLine(quiet(code), 80), message: quiet(message) };
}

/** Any JSON value; an object's own `toString` is only data. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}
