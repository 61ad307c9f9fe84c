import type { Reader } from '../endpoint.ts';
import { InputError } from '../errors.ts';
import { numberDistance, numberForms } from '../records/invoice-number.ts';
import { readFlag } from '../records/read-row.ts';
import { plain, quoted } from '../records/text.ts';
import { listRetainerInvoices } from '../reading/retainer-invoices.ts';
import { orGiveId } from './id-called.ts';
import { asRetainer, fitting, onlyFitting, retainerId } from './invoices.ts';

/** Returns the id of the retainer invoice with this number, among the newest. If several fit, `customer_id` decides. */
export async function retainerNamed(typed: string, field: string, customer_id: string | undefined, zoho: Reader): Promise<string> {
  const { retainerinvoices = [], page_context } = await orGiveId(zoho.read(listRetainerInvoices, {}), field);
  const newest = retainerinvoices.map(asRetainer);
  const same = fitting(newest, typed, numberForms(typed), false);
  const id = retainerId(onlyFitting(same, customer_id));
  if (id !== undefined) return id;
  const near = same.length > 0 ? same : newest.filter((one) => one.customer_id === customer_id);
  const far = ({ invoice_number }: (typeof near)[number]) => numberDistance(typed, invoice_number);
  const offered = near
    .toSorted((a, b) => far(a) - far(b))
    .slice(0, 5)
    .map(({ invoice_number, invoice_id }) => `${plain(invoice_number)} (id ${invoice_id})`);
  const among = readFlag(page_context?.has_more_page) === false ? '' : ' among the newest';
  throw new InputError(
    same.length > 0
      ? `Several retainer invoices have the number ${quoted(typed, 40)}.`
      : `There is no retainer invoice ${quoted(typed, 40)}${among}.`,
    {
      code: same.length > 0 ? 'ambiguous_invoice' : 'no_such_retainer',
      next:
        offered.length === 0
          ? `Ask the user for its number, or call again with its id as ${field}: the long number in the address of its page in Zoho Books.`
          : `Ask the user which of these is meant, then call again with its id as ${field}: ${offered.join(', ')}.`,
    },
  );
}
