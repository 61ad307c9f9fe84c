import type { Touched } from '../endpoint.ts';

/** What a write touches, by the names under which the journal keeps it and turns are taken. */

export const paymentBlock = (payment_id: string): string => `payment:${payment_id}`;

/** Of a payment that is made, or of money that is added to one. */
export const createBlocks = ({ creates = [] }: Touched): string[] =>
  creates.map(({ customer_id, amount }) => `create:${customer_id}:${amount}`);

/** Everything that no other write may touch while the outcome of this one is unknown. */
export function blocksOf(touched: Touched): string[] {
  const { payments = [], unique } = touched;
  return [...(unique ? [`unique:${unique.key}:${unique.value}`] : []), ...payments.map(paymentBlock), ...createBlocks(touched)];
}
