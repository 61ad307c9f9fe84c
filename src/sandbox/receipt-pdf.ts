import { type Reply } from './message.ts';
import { moneyNumber } from './money.ts';
import { pathPayment } from './payments.ts';
import { currencyOf } from './rows.ts';
import { ORGANIZATION_NAME } from './seed-ids.ts';
import type { Call } from './world.ts';

/**
 * One page with the payment's data. The page says that it is not a real receipt, because a copy of the file would not show that it comes
 * from a sandbox. There is no recording of Zoho's PDF; the content type is a guess.
 */
export function paymentReceipt(call: Call): Reply {
  const payment = pathPayment(call);
  const { precision } = currencyOf(call.store, payment.currency_code);
  const amount = (mills: number): string => `${payment.currency_code} ${moneyNumber(mills).toFixed(precision)}`;
  const invoices = call.store.all<{ number: string; amount: number }>(
    'SELECT i.number, a.amount FROM applications a JOIN invoices i ON i.id = a.invoice_id WHERE a.payment_id = ? ORDER BY a.rowid',
    payment.id,
  );
  const lines = [
    'SANDBOX - not a real receipt',
    '',
    'PAYMENT RECEIPT',
    ORGANIZATION_NAME,
    '',
    `Payment number: ${payment.number}`,
    `Payment date: ${payment.date}`,
    `Received from: ${payment.customer_name}`,
    `Payment mode: ${payment.mode}`,
    `Reference: ${payment.reference_number}`,
    `Amount received: ${amount(payment.amount)}`,
    ...invoices.map((invoice) => `Applied to ${invoice.number}: ${amount(invoice.amount)}`),
    ...(payment.refunded > 0 ? [`Refunded: ${amount(payment.refunded)}`] : []),
    `Unused: ${amount(payment.unused)}`,
  ];
  return {
    status: 200,
    headers: {
      'content-type': 'application/pdf',
      'content-disposition': `attachment; filename="CustomerPayment-${payment.number}.pdf"`,
    },
    body: onePagePdf(lines),
  };
}

export function onePagePdf(lines: string[]): Buffer {
  const text = lines.map((line, index) => `${index === 0 ? '' : 'T* '}(${pdfText(line)}) Tj`).join('\n');
  const content = `BT /F1 12 Tf 18 TL 72 770 Td\n${text}\nET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>',
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
  ];
  let file = '%PDF-1.4\n';
  const offsets = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const start = file.length;
  const table = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  file +=
    `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${table}` +
    `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(file, 'latin1');
}

/** Escapes a line for the PDF. The standard font has only Latin-1, so other characters and line breaks become question marks. */
function pdfText(line: string): string {
  return line
    .slice(0, 120)
    .replaceAll(/[^\u0020-\u007E\u00A0-\u00FF]/g, '?')
    .replaceAll(/[\\()]/g, String.raw`\$&`);
}
