/** Modes of payment as people say them, as Zoho writes its own. */

/** Zoho's own modes, each with the words that can mean nothing else. An organization may have more modes; they are written as they are. */
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

/** The mode of Zoho's own that is meant; undefined for any other. */
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

/** A mode as it is sent to Zoho: its own modes in its spelling, any other as it was said. */
export const asMode = (said: string): string => ownMode(said) ?? said;
