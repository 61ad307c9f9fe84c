import type { Store } from './store.ts';
import { newId } from './world.ts';

/** Matches payments with imported bank transactions. The sandbox has no Zoho endpoints for this: users do it under Banking. */

/** Matches a payment. False if the payment does not exist or is already matched. */
export function matchWithBank(store: Store, paymentId: string): boolean {
  return store.run("UPDATE payments SET bank_line_id = ? WHERE id = ? AND bank_line_id = ''", newId(store), paymentId) > 0;
}

/** Removes the match of a payment. False if the payment does not exist or is not matched. */
export function unmatch(store: Store, paymentId: string): boolean {
  return store.run("UPDATE payments SET bank_line_id = '' WHERE id = ? AND bank_line_id <> ''", paymentId) > 0;
}
