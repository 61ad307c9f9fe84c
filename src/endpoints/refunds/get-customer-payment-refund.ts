import * as z from 'zod';
import { defineRead } from '../../endpoint.ts';
import { aboutRefund, longText, unseen } from '../../records/describe.ts';
import { id, refund } from '../../records/fields.ts';
import { refundOf, refundsIn, shownAs } from '../../records/zoho-shapes.ts';
import { toolCall, createReport } from '../../report.ts';

const output = z.looseObject({ payment_refund: refund.optional() });

export const getCustomerPaymentRefund = defineRead({
  name: 'get_customer_payment_refund',
  title: 'Get a refund',
  description: 'One refund of a payment. list_customer_payment_refunds shows the refund_id.',
  path: '/customerpayments/{customer_payment_id}/refunds/{refund_id}',
  resources: [
    {
      uri: 'zoho-books://customerpayments/{customer_payment_id}/refunds/{refund_id}',
      name: 'customer_payment_refund',
      title: 'Refund',
      description: 'One refund, with the same content as the answer of get_customer_payment_refund.',
      mimeType: 'application/json',
    },
  ],
  input: z.strictObject({ customer_payment_id: id, refund_id: id }),
  output,
  shows: (body, { refund_id }) => shownAs(refund_id, 'payment_refund_id', refundsIn(body)),
  result: (body, { refund_id }): z.output<typeof output> => ({ payment_refund: refundOf(body, refund_id) }),
  report: ({ payment_refund }, { customer_payment_id }) => {
    if (payment_refund === undefined) return unseen('refund');
    return createReport(
      [
        `${aboutRefund(payment_refund, { payment_id: customer_payment_id })}.`.replace(/^r/, 'R'),
        longText('Description', payment_refund['description']),
      ],
      [toolCall('get_customer_payment', { payment_id: customer_payment_id }, 'its payment')],
    );
  },
});
