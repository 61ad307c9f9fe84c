import * as z from 'zod';
import { defineWrite, UNKNOWN_CURRENCY, type Facts, type Reader } from '../../endpoint.ts';
import { InputError } from '../../errors.ts';
import { joinNotes } from '../../preflight/checks.ts';
import { otherPayment } from '../../preflight/contradiction.ts';
import type { InBase } from '../../preflight/exchange-rate.ts';
import { lookForChange, lookForPayment } from '../../preflight/find-lost-write.ts';
import { mandatoryMissing } from '../../preflight/mandatory.ts';
import { newPaymentFacts } from '../../preflight/new-payment-facts.ts';
import { changeFacts, turnOfChange, unseenChangeNotes } from '../../preflight/payment-change-facts.ts';
import { reportOfChange, reportOfNew } from '../../preflight/payment-reports.ts';
import { changeBack } from '../../preflight/payment-undo.ts';
import { currentPayment } from '../../reading/current-record.ts';
import { findByCustomField, isUnseen } from '../../reading/find-by-custom-field.ts';
import { aboutPayment, unseen } from '../../records/describe.ts';
import { paymentChanges, writtenPayment, type Payment } from '../../records/fields.ts';
import { isAsSent } from '../../records/same-as-sent.ts';
import { quoted } from '../../records/text.ts';
import { changesOf, namesAnything, refuseNoChange } from '../../records/update-body.ts';
import { paymentOf } from '../../records/zoho-shapes.ts';
import { getCustomerPayment } from './get-customer-payment.ts';

const output = z.looseObject({ payment: writtenPayment.optional() });

/** A header value: one line of visible ASCII, because HTTP headers transfer other characters unreliably. */
const headerText = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/, 'must be one line of plain ASCII characters');

interface UpsertFacts extends Facts {
  readonly lost: Facts['lost'] & {
    /** `unseen`: the upsert may record a new payment or change an existing one. */
    readonly before: InBase & { readonly payment?: Payment; readonly existing?: unknown; readonly unseen?: true };
  };
}

export const updateCustomerPaymentUsingCustomField = defineWrite({
  name: 'update_customer_payment_using_custom_field',
  title: 'Update a customer payment by unique custom field',
  description: [
    'Update the payment whose unique custom field has the given value. With `upsert`, record a new payment if none has it.',
    'In Zoho Books the field must refuse duplicate values. If you know the payment_id use update_customer_payment.',
  ].join('\n'),
  method: 'PUT',
  path: '/customerpayments',
  input: z.strictObject({
    unique_identifier_key: headerText
      .regex(/^cf_\w+$/, 'must be the API name of a custom field, cf_...')
      .describe('API name of the field, cf_...'),
    unique_identifier_value: headerText,
    upsert: z.boolean().optional().describe('Needs customer_id, amount, date and payment_mode.'),
    ...paymentChanges,
  }),
  output,
  safety: {
    canDuplicate: true,

    async turn({ unique_identifier_key: key, unique_identifier_value: value, ...given }, zoho) {
      const found = await findByCustomField(key, value, zoho);
      const unique = `unique:${key}:${value}`;
      if (found.kind === 'payment') return [unique, ...(await turnOfChange(found.payment_id, given, zoho))];
      return [unique, ...(given.customer_id === undefined ? [] : [`customer:${given.customer_id}`])];
    },
    async preflight({ unique_identifier_key: key, unique_identifier_value: value, upsert, ...given }, zoho): Promise<UpsertFacts> {
      const { replace_invoices: _, ...fields } = given;
      if (upsert && !namesAnything(fields)) throw incomplete(NEEDED);
      refuseNoChange(fields);
      const found = await findByCustomField(key, value, zoho);
      // Refuses invalid `invoices` before the user is asked.
      if (found.kind !== 'payment') changesOf(given, undefined);
      if (isUnseen(found) && given.invoices !== undefined && !given.replace_invoices) throw cannotMerge();
      if (isUnseen(found) && !upsert) return await unseenFacts({ key, value }, given, zoho);
      if (found.kind === 'payment') {
        const facts = await changeFacts(await currentPayment(zoho, found.payment_id), given, zoho);
        return { ...facts, lost: { ...facts.lost, touches: { ...facts.lost.touches, unique: { key, value } } } };
      }
      if (!upsert) throw noSuchPayment(key, value);
      const { question, lost, ...facts } = await newPaymentFacts(asNewPayment(fields), zoho);
      const named = { ...lost, touches: { ...lost.touches, unique: { key, value } } };
      if (!isUnseen(found))
        return { ...facts, question: { ...question, lines: [...question.lines, `${key}: ${quoted(value)}`] }, lost: named };
      return {
        ...facts,
        question: {
          ...question,
          title: `${question.title}, or change the payment whose ${key} is ${quoted(value)} to these values`,
          not_checked: [...question.not_checked, `whether a payment already has this ${key}, and all checks of that payment`],
        },
        lost: { ...named, before: { ...named.before, unseen: true } },
      };
    },
    async afterRefusal(given, zoho) {
      const key = String(given['unique_identifier_key']);
      const value = String(given['unique_identifier_value']);
      const found = await findByCustomField(key, value, zoho);
      const standing =
        found.kind === 'payment' ? await currentPayment(zoho, found.payment_id) : { custom_fields: [{ api_name: key, value }] };
      return await mandatoryMissing(given, standing, zoho);
    },
    async look(attempt, zoho) {
      const { unique_identifier_key: key, unique_identifier_value: value } = attempt.input as {
        unique_identifier_key: string;
        unique_identifier_value: string;
      };
      const before = attempt.before['payment'] as Payment | undefined;
      if (before?.payment_id !== undefined) return await lookForChange(attempt, before.payment_id, zoho);
      const found = await findByCustomField(key, value, zoho);
      if (found.kind === 'none') return { seen: 'not there' };
      if (found.kind !== 'payment') {
        const unclear = { seen: 'unclear', why: 'Zoho does not show which payment has this value.', candidates: [] } as const;
        if (attempt.before['existing'] === undefined) return unclear;
        const seen = await lookForPayment(attempt, String(attempt.input['customer_id']), zoho);
        // The upsert may have changed an existing payment instead of recording a new one.
        return seen.seen === 'not there' && attempt.before['unseen'] ? unclear : seen;
      }
      const { payment_id } = found;
      const { payment = {} } = await zoho.read(getCustomerPayment, { payment_id });
      if (isAsSent(attempt.body, payment)) return { seen: 'there', zoho_id: payment_id, result: { payment } };
      return {
        seen: 'unclear',
        why: 'A payment has this value, but differs from what was sent.',
        candidates: [{ id: payment_id, text: aboutPayment(payment) }],
      };
    },
    contradiction: ({ payment }, { body, before }) =>
      otherPayment(payment, body, {
        standing: before['payment'] as Payment | undefined,
        existing: before['unseen'] ? undefined : before['existing'],
      }),
    undo: ({ payment }, { unique_identifier_key: _, unique_identifier_value: __, upsert, ...given }, before) => {
      if (before.payment?.payment_id !== undefined) return changeBack(before.payment.payment_id, given, before.payment, payment);
      // With `unseen` the upsert may have changed an existing payment. Deleting that payment would not be an undo.
      return upsert && !before.unseen && payment?.payment_id !== undefined
        ? { tool: 'delete_customer_payment', arguments: { payment_id: payment.payment_id } }
        : undefined;
    },
  },
  parts: ({ unique_identifier_key, unique_identifier_value, upsert, ...given }, { lost }) => ({
    body: changesOf(given, lost.before.payment),
    headers: {
      'X-Unique-Identifier-Key': unique_identifier_key,
      'X-Unique-Identifier-Value': unique_identifier_value,
      ...(upsert && { 'X-Upsert': 'true' }),
    },
  }),

  result: (body): z.output<typeof output> => ({ payment: paymentOf(body) }),
  report: ({ payment }, { unique_identifier_key, unique_identifier_value, upsert, ...given }, facts) => {
    if (payment === undefined) return unseen('payment');
    const isNew = upsert === true && facts?.before.payment === undefined;
    const did = facts?.before.unseen ? 'Recorded or updated' : isNew ? 'Recorded' : 'Updated';
    const said = `${did} ${aboutPayment(payment)}; ${unique_identifier_key} is ${quoted(unique_identifier_value)}.`;
    return isNew ? reportOfNew(said, payment, given, facts) : reportOfChange(said, payment, given, facts);
  },
});

type Fields = z.output<z.ZodObject<typeof paymentChanges>>;

/** Returns the fields as a new payment. Throws if a required field is missing. */
function asNewPayment(fields: Omit<Fields, 'replace_invoices'>) {
  const { customer_id, amount, date, payment_mode, ...rest } = fields;
  if (customer_id !== undefined && amount !== undefined && date !== undefined && payment_mode !== undefined)
    return { customer_id, amount, date, payment_mode, ...rest };
  throw incomplete(NEEDED.filter((name) => fields[name] === undefined));
}

const NEEDED = ['customer_id', 'amount', 'date', 'payment_mode'] as const;

function incomplete(missing: readonly string[]): InputError {
  const names = missing.length > 1 ? `${missing.slice(0, -1).join(', ')} and ${missing.at(-1)}` : missing.join('');
  return new InputError(`A new payment needs ${names}.`, {
    code: 'invalid_arguments',
    next: `Ask the user for what you do not know, and call again with ${names}.`,
  });
}

function noSuchPayment(key: string, value: string): InputError {
  return new InputError(`No payment has ${key} ${quoted(value)}.`, {
    code: 'not_found',
    next: 'Check the value with the user, or call again with upsert: true to record a new payment.',
  });
}

/** The facts if Zoho does not show which payment has the value: such a payment may exist, but the server cannot check it. */
async function unseenFacts({ key, value }: { key: string; value: string }, given: Fields, zoho: Reader): Promise<UpsertFacts> {
  return {
    question: {
      title: `Change the payment whose ${key} is ${quoted(value)}`,
      ...joinNotes({ not_checked: ['which payment has this value, and all checks of that payment'] }, await unseenChangeNotes(given, zoho)),
      ask: [],
    },
    policy: {
      ...(given.amount !== undefined && {
        money: {
          kind: 'payment' as const,
          currency: UNKNOWN_CURRENCY,
          amount: given.amount,
          adds: given.amount,
          customer_id: given.customer_id,
        },
      }),
      uses: { account_id: given.account_id, date: given.date },
      customer_id: given.customer_id,
    },
    duplicates: {},
    lost: { touches: { unique: { key, value } }, before: {} },
  };
}

function cannotMerge(): InputError {
  return new InputError(
    'The server cannot read the payment by this custom field, ' +
      'so an incomplete `invoices` list could un-apply the payment from its other invoices.',
    {
      code: 'cannot_merge_invoices',
      next: {
        say: 'Find the payment_id and use update_customer_payment, or send the whole list with replace_invoices: true.',
        tool: 'update_customer_payment',
        without: 'Send the whole list with replace_invoices: true.',
      },
    },
  );
}
