import type { Store } from './store.ts';
import { newId } from './world.ts';

/** Matching payments with imported bank transactions. Zoho's endpoints for it are not played here: a person does it under Banking. */

/** Whether there was such a payment, unmatched until now. */
export function matchWithBank(store: Store, paymentId: string): boolean {
  return store.run("UPDATE payments SET bank_line_id = ? WHERE id = ? AND bank_line_id = ''", newId(store), paymentId) > 0;
}

/** Whether there was such a payment, matched until now. */
export function unmatch(store: Store, paymentId: string): boolean {
  return store.run("UPDATE payments SET bank_line_id = '' WHERE id = ? AND bank_line_id <> ''", paymentId) > 0;
}
