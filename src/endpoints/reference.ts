/** Reference numbers, compared as people write them: "TRF-7731", "trf 7731 " and "Check 7731" are the same. */

/** Words that say what kind of number follows. They tell two references apart only for whoever wrote them. */
const KINDS = (
  'check cheque chq chk ck transfer trf trsf tfr wire bank payment pmt paid ref reference number no nr num transaction txn trx trans id ' +
  'ach eft bacs sepa neft rtgs imps upi utr zelle venmo paypal stripe deposit receipt rcpt ' +
  'scheck überweisung ueberweisung zahlung chèque virement transferencia transferência bonifico assegno overboeking'
).split(' ');
const LEADING = new RegExp(`^(?:${KINDS.toSorted((a, b) => b.length - a.length).join('|')})(?![\\p{L}\\p{M}])`, 'u');

/** What is left of a reference for comparing it: without case, spaces, punctuation and leading words. '' is no reference. */
export function bareReference(reference: unknown): string {
  const text = typeof reference === 'string' || typeof reference === 'number' ? String(reference) : '';
  let rest = text.normalize('NFKC').toLowerCase();
  for (let before = ''; rest !== before; ) {
    before = rest;
    rest = rest.replace(/^[^\p{L}\p{N}]+/u, '').replace(LEADING, '');
  }
  return rest.replace(/[^\p{L}\p{M}\p{N}]+/gu, '');
}
