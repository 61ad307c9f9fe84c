import { aboutOpenAgain, freedByChange, openAgain } from '../records/afterwards.ts';
import type { AppliedRow } from '../records/applied.ts';
import { aboutChanges } from '../records/change-report.ts';
import { aboutAllocation, aboutRetainerPayment, aboutWhole, attention, readCut } from '../records/describe.ts';
import type { Payment } from '../records/fields.ts';
import { notChecked } from '../records/text.ts';
import { createReport, type Report, type Step } from '../report.ts';
import { inBase, type InBase } from './exchange-rate.ts';

/** Reports of writes that record or change a payment. `said` is the first line; `given` holds the arguments. */

interface GivenPayment extends Readonly<Record<string, unknown>> {
  readonly amount?: number | undefined;
  readonly invoices?: readonly AppliedRow[] | undefined;
  readonly retainerinvoice_id?: string | undefined;
}

interface KnownBefore {
  readonly not_checked: readonly string[];
  readonly before: InBase & { readonly payment?: Payment | undefined; readonly retainer_number?: unknown };
}

/** `first`: the most useful step, if there is one. */
export function reportOfNew(said: string, payment: Payment, given: GivenPayment, facts?: KnownBefore, first?: Step | false): Report {
  const { retainerinvoice_id: retainer } = given;
  const shown = retainer === undefined ? aboutWhole(payment) : aboutRetainerPayment(payment, retainer, facts?.before.retainer_number);
  return createReport(
    [said, ...attention(given, payment), ...shown, inBase(facts?.before), notChecked(facts?.not_checked ?? [])],
    [first, retainer === undefined ? readCut(payment, shown) : readCut(payment, [], shown)],
  );
}

export function reportOfChange(said: string, payment: Payment, given: GivenPayment, facts?: KnownBefore): Report {
  const before = facts?.before.payment;
  const changes = before === undefined ? [] : aboutChanges(before, payment, given);
  const shown = aboutAllocation(payment);
  const freed = freedByChange(before, payment);
  return createReport(
    [
      said,
      ...attention(given, payment),
      ...changes,
      aboutOpenAgain(freed),
      ...shown,
      inBase(facts?.before),
      notChecked(facts?.not_checked ?? []),
    ],
    [readCut(payment, shown, changes)],
    openAgain(freed),
  );
}
