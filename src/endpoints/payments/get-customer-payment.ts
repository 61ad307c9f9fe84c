import * as z from 'zod';
import { defineRead } from '../../endpoint.ts';
import { aboutPayment, aboutWhole, readCut, unseen } from '../../records/describe.ts';
import { id, payment } from '../../records/fields.ts';
import { onePayment, paymentOf, shownAs } from '../../records/zoho-shapes.ts';
import { createReport } from '../../report.ts';

const output = z.looseObject({ payment: payment.optional() });

export const getCustomerPayment = defineRead({
  name: 'get_customer_payment',
  title: 'Get a customer payment',
  description: [
    'All details of one payment: its invoices, unused amount and refunds.',
    'list_customer_payments shows the id. `accept`: "pdf" adds a link to the receipt.',
  ].join('\n'),
  path: '/customerpayments/{payment_id}',
  resources: [
    {
      uri: 'zoho-books://customerpayments/{payment_id}',
      name: 'customer_payment',
      title: 'Customer payment',
      description: 'One customer payment, with the same content as the answer of get_customer_payment.',
      mimeType: 'application/json',
    },
    {
      uri: 'zoho-books://customerpayments/{payment_id}/pdf',
      name: 'customer_payment_pdf',
      title: 'Payment receipt (PDF)',
      description: 'The receipt of one customer payment.',
      mimeType: 'application/pdf',
    },
  ],
  input: z.strictObject({
    payment_id: id,
    accept: z.enum(['json', 'pdf']).optional(),
    whole: z.boolean().optional(),
  }),
  output,
  // The tool reads the record and links the PDF as a resource: base64 would fill the context window.
  parts: () => ({ query: { accept: 'json' } }),
  links: ({ accept }) => (accept === 'pdf' ? ['customer_payment_pdf'] : []),
  shows: (body, { payment_id }) => shownAs(payment_id, 'payment_id', [onePayment(body)]),
  result: (body): z.output<typeof output> => ({ payment: paymentOf(body) }),
  report: ({ payment }, { whole }) => {
    if (payment === undefined) return unseen('payment');
    const { unused_amount = 0 } = payment;
    const shown = aboutWhole(payment, whole);
    return createReport(
      [`${aboutPayment(payment)}.`.replace(/^p/, 'P'), ...shown],
      [
        ...(unused_amount > 0
          ? [
              { say: 'to apply the unused amount: update_customer_payment with invoices', tool: 'update_customer_payment' },
              { say: 'to refund the unused amount: create_customer_payment_refund', tool: 'create_customer_payment_refund' },
            ]
          : []),
        !whole && readCut(payment, shown),
      ],
    );
  },
});
