/** Modes of payment as people say them, as Zoho writes its own. */

/** Zoho's own, and what else can only mean them. An organization may have modes of its own, which are written as they are. */
const OWN_MODES: Readonly<Record<string, string>> = {
  cash: 'cash|cashpayment',
  check: 'check|checks|cheque|cheques|chq|checkpayment|chequepayment|papercheck|papercheque',
  creditcard: 'creditcard|creditcards|card|cards|cc|creditcardpayment|cardpayment',
  banktransfer: 'banktransfer|banktransfers|wire|wires|wiretransfer|wiretransfers|bankwire|banktransferpayment',
  bankremittance: 'bankremittance|bankremittances',
  autotransaction: 'autotransaction|autotransactions',
  others: 'others|other',
};
const BY_WORDS = new Map(Object.entries(OWN_MODES).flatMap(([mode, words]) => words.split('|').map((word) => [word, mode] as const)));

/** Zoho's own mode, where it is said; undefined for any other. */
export function ownMode(said: string): string | undefined {
  const words = said
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .toLowerCase()
    .trim()
    .replace(/^(?:paid )?(?:by|in|per|via|with)\s+(?:an? )?/, '')
    .replace(/[\s\p{Pd}_./]+/gu, '');
  return BY_WORDS.get(words);
}

/** A mode as it is written: Zoho's own in its way, any other as it was said. */
export const asMode = (said: string): string => ownMode(said) ?? said;
