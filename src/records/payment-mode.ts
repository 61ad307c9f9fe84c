/** Converts payment modes from people's spelling to Zoho's spelling. */

/** Zoho's own modes, each with its unambiguous synonyms. An organization may have more modes, which are sent unchanged. */
const OWN_MODES: Readonly<Record<string, string>> = {
  cash: 'cash|cashpayment',
  check: 'check|checks|cheque|cheques|chq|checkpayment|chequepayment|papercheck|papercheque',
  creditcard: 'creditcard|creditcards|card|cards|cc|creditcardpayment|cardpayment',
  banktransfer: 'banktransfer|banktransfers|wire|wires|wiretransfer|wiretransfers|bankwire|banktransferpayment',
  bankremittance: 'bankremittance|bankremittances',
  autotransaction: 'autotransaction|autotransactions',
  others: 'others|other',
};
export const ownModes: readonly string[] = Object.keys(OWN_MODES);
const BY_WORDS = new Map(Object.entries(OWN_MODES).flatMap(([mode, words]) => words.split('|').map((word) => [word, mode] as const)));

/** A mode for comparing: without case, accents, spaces, punctuation, and words such as "by" before it. */
export const plainMode = (said: string): string =>
  said
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}]/gu, '')
    .toLowerCase()
    .trim()
    .replace(/^(?:paid )?(?:by|in|per|via|with)\s+(?:an? )?/, '')
    .replace(/[\s\p{Pd}_./]+/gu, '');

/** Zoho's own mode for these words. Undefined for any other mode. */
export const ownMode = (said: string): string | undefined => BY_WORDS.get(plainMode(said));

/** The mode to send to Zoho: Zoho's own modes in Zoho's spelling, others unchanged. */
export const asMode = (said: string): string => ownMode(said) ?? said;
