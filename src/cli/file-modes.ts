import { inQuotes } from '../foreign-text.ts';
import { ownMode, ownModes, plainMode } from '../records/payment-mode.ts';
import { ProblemError } from './cli-error.ts';

/**
 * Payment modes as files write them. A tool sends an unknown word unchanged, because it may be a mode that the organization added. In a file
 * it is more likely a word of another language, and Zoho would make a new mode of it. So here an unknown word is an error.
 */

/** Zoho's own modes, each with words of other languages and names of payment systems that can only mean this mode. */
const MODE_WORDS: Readonly<Record<string, string>> = {
  cash: 'bar|barzahlung|bargeld|especes|liquide|efectivo|contanti|contante|contant|gotowka|dinheiro|numerario',
  check: 'scheck|schecks|verrechnungsscheck|assegno|assegnobancario|czek',
  creditcard: 'kreditkarte|cartedecredit|tarjetadecredito|cartadicredito|kredietkaart|kartakredytowa|cartaodecredito',
  banktransfer: [
    'uberweisung|ueberweisung|bankuberweisung|bankueberweisung|sepauberweisung|sepaueberweisung|echtzeituberweisung|echtzeitueberweisung',
    'virement|virementbancaire|virementsepa|virementinstantane|transferencia|transferenciabancaria|bonifico|bonificobancario|bonificosepa',
    'overschrijving|bankoverschrijving|overboeking|przelew|przelewbankowy|sepatransfer|sepacredittransfer|swift|telegraphictransfer',
    'ach|achtransfer|achcredit|fedwire|eft|bacs|chaps|fasterpayment|fasterpayments|neft|rtgs|imps|upi|pix|ted',
  ].join('|'),
  others: 'sonstige|sonstiges|autre|autres|otro|otros|altro|altri|overig|overige|inne|inny|outro|outros',
};
const BY_WORD = new Map(Object.entries(MODE_WORDS).flatMap(([mode, words]) => words.split('|').map((word) => [word, mode] as const)));

/** "By" in other languages: "par virement". */
const BY = /^(?:par|en|por|con|mit|em|com|tramite)\s+/i;

/** The mode to send to Zoho. `added`: the modes that the organization added. `where`: the place of the word, for the error. */
export function modeInFile(word: string, added: readonly string[], where: string): string {
  const bare = word.trim().replace(BY, '');
  const mode = added.find((one) => plainMode(one) === plainMode(word)) ?? ownMode(bare) ?? BY_WORD.get(plainMode(bare));
  if (mode !== undefined) return mode;
  throw new ProblemError(
    `The payment mode ${inQuotes(word, 60)} ${where} is not known. Write one of ${ownModes.join(', ')}. ` +
      'If your organization added this mode in Zoho Books, name it with --payment-modes.',
  );
}
