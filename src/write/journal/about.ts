import { UNKNOWN_CURRENCY } from '../../endpoint.ts';
import { isObject, type Json } from '../../json.ts';
import { readAmount } from '../../money.ts';
import { isSameReference } from '../../records/same-reference.ts';
import type { Entry, SoughtWrite } from './journal.ts';

/** Reads from an entry what the write is about: for showing it, and for finding it. */

/** The payment or refund of a write. */
export interface About {
  readonly reference_number?: string | undefined;
  readonly amount?: number | undefined;
  readonly currency_code?: string | undefined;
}

/** The record as it was to be after the write. Fields that the write does not change are as they were before. */
export function aboutOf(entry: Entry): About {
  const records = recordsOf(entry);
  const { counted, makes, before } = entry;
  const of = [...records, before['payment'], before['of']].filter(isObject);
  const currency = counted?.currency === UNKNOWN_CURRENCY ? undefined : counted?.currency;
  // Several are deleted at once: each has an amount and a reference of its own.
  const shown = deletedTogether(entry).length > 1 ? [] : records;
  const reference = shown.map(({ reference_number }) => reference_number).find((one) => typeof one === 'string');
  const amount = shown.map((record) => readAmount(record['amount'])).find((one) => one !== undefined);
  return {
    reference_number: typeof reference === 'string' && reference !== '' ? reference : undefined,
    // Of a change only the difference counts.
    amount: amount ?? (makes === undefined ? undefined : readAmount(counted?.amount)),
    currency_code: currency ?? of.map(({ currency_code }) => currency_code).find((one) => typeof one === 'string'),
  };
}

/** The tool that was called and its arguments, also where they are not the endpoint's own. Versions before 0.2 called it `asked`. */
export function calledOf({ facts, endpoint, arguments: own }: Entry): { readonly tool: string; readonly arguments: Json } {
  type Called = { readonly tool: string; readonly arguments: Json };
  const { called, asked } = facts as { called?: Called; asked?: Called | string };
  return called ?? (typeof asked === 'object' ? asked : { tool: endpoint, arguments: own });
}

/** What the write does, in the words of its question. Undefined once it is erased. */
export const titleOf = ({ facts }: Pick<Entry, 'facts'>): string | undefined => (facts as { title?: string }).title;

/** Whether a write is what is looked for. */
export function isSought(entry: Entry, { reference_number, amount, record }: SoughtWrite): boolean {
  const records = recordsOf(entry);
  const wanted = readAmount(amount);
  const amounts = [...records.map((one) => readAmount(one['amount'])), aboutOf(entry).amount];
  return (
    (reference_number === undefined || records.some((one) => isReference(one['reference_number'], reference_number))) &&
    (amount === undefined || (wanted !== undefined && amounts.includes(wanted))) &&
    (record === undefined || idsAbout(entry).has(record))
  );
}

/**
 * Lets a backend skip most entries without decoding them. The events of an entry that is sought contain at least one text of each list, if
 * they are read as canonical JSON. Only a comparison tells which references are the same: accents, blanks and zeros may stand between any
 * two characters.
 */
export function tracesOf({ reference_number, amount, record }: SoughtWrite): string[][] {
  const exact = String(readAmount(amount));
  // A number, or a text that may end with zeros.
  const forms = [`${exact},`, `${exact}}`, `"${exact}"`, `"${exact}${exact.includes('.') ? '0' : '.'}`];
  return [
    ...(reference_number === undefined ? [] : [['"reference_number":"']]),
    ...(amount === undefined ? [] : [forms.map((form) => `"amount":${form}`)]),
    ...(record === undefined ? [] : [[JSON.stringify(record)]]),
  ];
}

/** The records that a write makes, changes or deletes: as asked for, as answered, and as they were before. */
function recordsOf(entry: Entry): Json[] {
  const { arguments: input, request, answer, before } = entry;
  const { payment, payment_refund } = answer?.result ?? {};
  // Of a refund it is known whose payment it came from: that is another amount.
  const earlier = before['refund'] ?? before['payment'] ?? before;
  return [input, request.body, payment, payment_refund, earlier, ...deletedTogether(entry)].filter(isObject);
}

function deletedTogether({ before: { payments } }: Entry): readonly unknown[] {
  return Array.isArray(payments) ? payments : [];
}

const fold = (text: string) => text.trim().replace(/\s+/g, ' ').toLowerCase();

/** The same in all ways of writing a reference; found at once, where comparing takes a while. */
const digitsOf = (text: string) => text.normalize('NFKD').replace(/[^1-9]/g, '');

function isReference(stored: unknown, wanted: string): boolean {
  if (typeof stored !== 'string' || stored === '' || digitsOf(stored) !== digitsOf(wanted)) return false;
  return isSameReference(stored, wanted) || fold(stored) === fold(wanted);
}

const NAMES_OF_IDS = /^(?:(?:customer_)?payment_id|(?:payment_)?refund_id|(?:retainer)?invoice_id|customer_id)$/;

function idsAbout(entry: Entry): Set<string> {
  const { arguments: input, request, answer, before, zoho_id, customer_id } = entry;
  const ids = new Set([zoho_id, customer_id].filter((one) => one !== undefined));
  const gather = (value: unknown, name = ''): void => {
    if (Array.isArray(value)) for (const item of value) gather(item, name);
    else if (isObject(value)) for (const [inner, item] of Object.entries(value)) gather(item, inner);
    else if (NAMES_OF_IDS.test(name)) ids.add(String(value));
  };
  gather([input, request.body, answer?.result, before]);
  return ids;
}
