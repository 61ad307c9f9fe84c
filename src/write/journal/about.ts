import { UNKNOWN_CURRENCY } from '../../endpoint.ts';
import { isObject, type Json } from '../../json.ts';
import { readAmount } from '../../money.ts';
import { isSameReference } from '../../records/same-reference.ts';
import type { Entry, SoughtWrite } from './journal.ts';

/** Reads from an entry the payment or refund that the write is about. Lists show these values, and searches compare them. */

/** The payment or refund of a write. */
export interface About {
  readonly reference_number?: string | undefined;
  readonly amount?: number | undefined;
  readonly currency_code?: string | undefined;
}

/** The record's values after the write. Fields that the write does not change keep their old values. */
export function aboutOf(entry: Entry): About {
  const records = recordsOf(entry);
  const { counted, makes, before } = entry;
  const of = [...records, before['payment'], before['of']].filter(isObject);
  const currency = counted?.currency === UNKNOWN_CURRENCY ? undefined : counted?.currency;
  // If several payments are deleted at once, none is shown: each has its own amount and reference.
  const shown = deletedTogether(entry).length > 1 ? [] : records;
  const reference = shown.map(({ reference_number }) => reference_number).find((one) => typeof one === 'string');
  const amount = shown.map((record) => readAmount(record['amount'])).find((one) => one !== undefined);
  return {
    reference_number: typeof reference === 'string' && reference !== '' ? reference : undefined,
    // For a change, the counted amount is only the difference, so it is not shown.
    amount: amount ?? (makes === undefined ? undefined : readAmount(counted?.amount)),
    currency_code: currency ?? of.map(({ currency_code }) => currency_code).find((one) => typeof one === 'string'),
  };
}

/** The tool that was called (a workflow or the endpoint), with its arguments. Versions before 0.2 stored it as `asked`. */
export function calledOf({ facts, endpoint, arguments: own }: Entry): { readonly tool: string; readonly arguments: Json } {
  type Called = { readonly tool: string; readonly arguments: Json };
  const { called, asked } = facts as { called?: Called; asked?: Called | string };
  return called ?? (typeof asked === 'object' ? asked : { tool: endpoint, arguments: own });
}

/** The list of writes that the write belongs to, and its row there. Empty for a single write. */
export const listPlaceOf = ({ facts }: Pick<Entry, 'facts'>): Json => (facts['listed'] as Json | undefined) ?? {};

/** The effect of the write, in the words of its question. Undefined after the entry was erased. */
export const titleOf = ({ facts }: Pick<Entry, 'facts'>): string | undefined => (facts as { title?: string }).title;

/** True if the entry meets all conditions. */
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
 * Lists of texts with which a backend can skip most entries without decoding them: the events of a matching entry, as canonical JSON,
 * contain at least one text of each list. For a reference, the text is only the field's name, because a matching reference may have
 * accents, whitespace or zeros between any two characters.
 */
export function tracesOf({ reference_number, amount, record }: SoughtWrite): string[][] {
  const exact = String(readAmount(amount));
  // The amount is stored as a number, or as a text that may end with zeros.
  const forms = [`${exact},`, `${exact}}`, `"${exact}"`, `"${exact}${exact.includes('.') ? '0' : '.'}`];
  return [
    ...(reference_number === undefined ? [] : [['"reference_number":"']]),
    ...(amount === undefined ? [] : [forms.map((form) => `"amount":${form}`)]),
    ...(record === undefined ? [] : [[JSON.stringify(record)]]),
  ];
}

/** The records that a write makes, changes or deletes, in three versions: from the call, from Zoho's answer, and before the write. */
function recordsOf(entry: Entry): Json[] {
  const { arguments: input, request, answer, before } = entry;
  const { payment, payment_refund } = answer?.result ?? {};
  // If a refund was changed, `before` also holds the payment. The amount of the payment must not count.
  const earlier = before['refund'] ?? before['payment'] ?? before;
  return [input, request.body, payment, payment_refund, earlier, ...deletedTogether(entry)].filter(isObject);
}

function deletedTogether({ before: { payments } }: Entry): readonly unknown[] {
  return Array.isArray(payments) ? payments : [];
}

const fold = (text: string) => text.trim().replace(/\s+/g, ' ').toLowerCase();

/** The digits 1 to 9 of a reference. They are the same in every spelling, and comparing them is much faster than comparing references. */
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
