/** Compares reference numbers in people's spelling: "TRF-7731", "trf 7731 " and "Check 7731" are the same. */

/** Words that name the kind of the number after them. They are ignored, because people choose these words freely. */
const KINDS = (
  'inv invoice your our txnid refid checkno chequeno chqno txnno refnr utrno ' +
  'check cheque chq chk ck echeck echeque echk draft money order mo cashier cashiers certified counterfoil ' +
  'cash card credit debit direct giro ' +
  'transfer etransfer xfer trf trsf tfr wire swift bank online mobile payment epayment pmt pymt pay paid remittance ' +
  'ref refno reference number numbers no nos nr num ' +
  'transaction txn tx trx trans trace id confirmation conf auth voucher slip ' +
  'ach eft bacs chaps fps sepa neft rtgs imps upi utr ' +
  'interac zelle venmo paypal stripe square wise cashapp gpay paytm phonepe razorpay deposit receipt rcpt ' +
  'scheck uberweisung ueberweisung lastschrift gutschrift zahlung beleg nummer virement prelevement paiement numero recu ' +
  'transferencia pago pagamento recibo bonifico assegno ricevuta overboeking betaling'
).split(' ');
/** One of these words, singular or plural, if no letter follows: "trf7731" begins with one of the words, "Referral" does not. */
const LEADING = new RegExp(
  `^(?:e[-\\s])?(?:n°|(?:${KINDS.toSorted((a, b) => b.length - a.length).join('|')})(?:'?s)?)(?![\\p{L}\\p{M}])`,
  'u',
);

/** True if the bare forms of two references are equal, or are equal without leading zeros in their numbers ("INV-0384", "INV-384"). */
export function isSameReference(one: unknown, other: unknown): boolean {
  const [bare, otherBare] = [bareReference(one), bareReference(other)];
  return bare !== '' && otherBare !== '' && (bare === otherBare || bareReference(unpadded(one)) === bareReference(unpadded(other)));
}

const unpadded = (reference: unknown): string => String(reference).replace(/(?<!\d)0+(?=\d)/g, '');

/**
 * The bare form of a reference, for comparison: lower case, without accents, spaces, punctuation, leading words and leading zeros. '' means
 * that the text is no reference.
 */
export function bareReference(reference: unknown): string {
  const text = typeof reference === 'string' || typeof reference === 'number' ? String(reference) : '';
  let rest = text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replaceAll('’', "'");
  for (let before = ''; rest !== before;) {
    before = rest;
    rest = rest.replace(/^[^\p{L}\p{N}]+/u, '').replace(LEADING, '');
  }
  const bare = rest.replace(/[^\p{L}\p{M}\p{N}]+/gu, '').replace(/^0+(?=\d+$)/, '');
  // After the spaces are removed, the text may begin with one of the words: "I D 7731".
  return bare === text ? bare : bareReference(bare);
}
