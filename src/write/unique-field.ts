import { randomUUID } from 'node:crypto';
import type { Minted, Reader, WriteTool } from '../endpoint.ts';
import { AccessError } from '../errors.ts';
import type { Claim, Entry } from './journal/journal.ts';

/**
 * With a custom field that Zoho keeps unique, recording a payment is Zoho's own upsert by a random id minted at the claim: the
 * one write that can be looked for exactly, and be sent again.
 */
export interface UniqueField {
  /** API name, `cf_…`. */
  readonly name: string;
  /** Whether a payment that was made with it is found by it, or `refused` if Zoho does not search by it. Undefined before the first. */
  works?: boolean | 'refused';
}

/**
 * The claim as an upsert, where the mode is on and the endpoint has one. Until a payment was seen to be found by the field, it
 * is looked for like any other, and not sent again.
 */
export async function asUpsert(
  claim: Claim,
  { safety: { upsert } }: WriteTool,
  field: UniqueField | undefined,
  zoho: Reader,
): Promise<Claim> {
  if (field === undefined || upsert === undefined) return claim;
  const why =
    field.works === false
      ? 'a payment that was recorded with it is not found by it'
      : await upsert.unusable(field.name, claim.request, zoho);
  if (why !== undefined) throw unusable(field, why);
  const minted: Minted = { key: field.name, value: randomUUID() };
  return {
    ...claim,
    request: upsert.request(claim.request, minted),
    before: { ...claim.before, [field.works === true ? 'unique' : 'unproven']: minted },
  };
}

/** After the first payment made with it: Zoho ignores what it does not know, so only a payment found by its value proves the mode. */
export async function proveUniqueField(
  { before }: Entry,
  { safety: { upsert } }: WriteTool,
  payment_id: string | undefined,
  field: UniqueField | undefined,
  zoho: Reader,
): Promise<void> {
  const minted = before['unproven'] as Minted | undefined;
  if (field === undefined || field.works !== undefined || minted === undefined || upsert === undefined || payment_id === undefined) return;
  try {
    field.works = await upsert.finds(payment_id, minted, zoho);
  } catch {
    // Not proven yet; the next payment is looked at instead.
  }
}

function unusable({ name }: UniqueField, why: string): AccessError {
  return new AccessError(`ZOHO_PAYMENTS_UNIQUE_FIELD is ${name}, and it cannot be relied on: ${why}.`, {
    code: 'unique_field_unusable',
    next: ['set up the field as docs/safety.md says', 'unset ZOHO_PAYMENTS_UNIQUE_FIELD'],
  });
}
