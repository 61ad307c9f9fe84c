import type { Workflow } from '../workflow.ts';
import { checkDuplicates } from './check-duplicates.ts';
import { customerStatement } from './customer-statement.ts';
import { findPayments } from './find-payments.ts';
import { findRefunds } from './find-refunds.ts';
import { recordCustomerPayment } from './record-customer-payment.ts';
import { refundCustomerPayment } from './refund-customer-payment.ts';
import { summarizePayments } from './summarize-payments.ts';

const rank = { 'read task': 0, 'write task': 1 } as const;

/** Tools named for a task: those that only look first, by name within. */
export const workflows: readonly Workflow[] = (
  [
    checkDuplicates,
    customerStatement,
    findPayments,
    findRefunds,
    recordCustomerPayment,
    refundCustomerPayment,
    summarizePayments,
  ] satisfies readonly Workflow[]
).toSorted((a: Workflow, b: Workflow) => rank[a.kind] - rank[b.kind] || (a.name < b.name ? -1 : 1));
