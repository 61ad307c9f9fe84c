import type { Touched } from '../endpoint.ts';

/** The names of the records that a write touches. The journal stores them, and turns are named by them. */

export const paymentBlock = (payment_id: string): string => `payment:${payment_id}`;

/** The names for a new payment and for an amount that is added to a payment. */
export const createBlocks = ({ creates = [] }: Touched): string[] =>
  creates.map(({ customer_id, amount }) => `create:${customer_id}:${amount}`);

/** The names of all records that no other write may touch while the outcome of this write is unknown. */
export function blocksOf(touched: Touched): string[] {
  const { payments = [], unique } = touched;
  return [...(unique ? [`unique:${unique.key}:${unique.value}`] : []), ...payments.map(paymentBlock), ...createBlocks(touched)];
}
