import type { Workflow } from '../workflow.ts';
import { customerStatement } from './customer-statement.ts';
import { findPayments } from './find-payments.ts';
import { findRefunds } from './find-refunds.ts';
import { recordCustomerPayment } from './record-customer-payment.ts';
import { refundCustomerPayment } from './refund-customer-payment.ts';

const rank = { GET: 0, POST: 1 } as const;

/** Tools named for a task: those that only look first, by name within. */
export const workflows: readonly Workflow[] = ([customerStatement, findPayments, findRefunds, recordCustomerPayment, refundCustomerPayment] satisfies readonly Workflow[]).toSorted((a: Workflow, b: Workflow) => rank[a.method] - rank[b.method] || a.name.localeCompare(b.name, 'en'));
