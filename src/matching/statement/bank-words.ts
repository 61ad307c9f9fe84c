import { collapsed } from '../same-name.ts';

/** Words that banks and payers write beside a name: kinds of payments, labels, what a payment is for, months. They belong to no name. */
const BANK_WORDS = new Set(
  // Kinds of payments, in several languages.
  (
    'ach cr debit debits dr deposit deposits dep payment payments pay paid pymt pymts pmt pmts pymnt pyt epay paymt repayment wire ' +
    'wires transfer transfers trf tfr trsf xfer remit remittance capture tel atm ' +
    'incoming inward inw outgoing outward faster order so dd bacs chaps fps fpi fpo fp bgc ' +
    'bp bill giro bankgiro neft rtgs imps upi nach ecs swift sepa p2a p2p p2m zelle venmo paypal corp cheque cheques check checks chq chk ck ' +
    'clg cts preauthorized preauth autopay auto recurring refund refunds rfnd received recd rcvd receipt receipts lockbox billpay interac etransfer eft sto bbp bpay batch auth sent conf confirmation memo attn ppd ccd ctx tel iat ' +
    'gutschrift gutschr ueberweisung uberweisung ueberw uberw echtzeit dauerauftrag eingang zahlung zahlungseingang einzahlung bareinzahlung ' +
    'scheck scheckeinreichung lastschrift basislastschrift sepaueberweisung onlineueberweisung umbuchung erstattung rueckerstattung rueckzahlung anzahlung restzahlung teilzahlung ' +
    'virement vir remboursement rbt recu paiement reglement solde acompte transferencia pago ingreso bonifico pagamento accredito saldo acconto overboeking ' +
    'betaling przelew wplata zaplata transferencia recebido ' +
    // Labels.
    'from by to for via in out on at per with type date orig originator co entry descr desc description des details name id indn indiv sec ref ' +
    'reference refs rfb bnf benef beneficiary beneficiaries account acct ac number no nr num nbr trace trn trans transaction txn seq eref mref ' +
    'kref cred svwz abwa notprovided end2end iban bic remarks narration value posted sender ordering payer kunde ' +
    'kd kdnr kundennr kundennummer beleg belegnr belegnummer verwendungszweck zweck datum vertrag von an fuer fur vom zum vom mit laut lt abzgl abzueglich skonto ihre ihr unsere pour du par para por ' +
    // What a payment is for.
    'invoice invoices inv invs invno rechnung rechnungen rechnungsnr rechnungsnummer rechn rg rgnr re facture factures fact fac factura facturas ' +
    'fattura fatture factuur facturen faktura faktury fv fatura faturas ft po order orders bestellung auftrag statement stmt balance bal rest ' +
    'remainder remaining part partial final advance adv deposit settlement full instalment installment payables payable ap ' +
    'vpay less net fee fees chg charges tds vat gst withheld thanks thank you vielen dank danke merci gracias grazie usd eur gbp inr cad aud chf jpy monthly weekly month mth ' +
    // Months.
    'jan january januar janvier feb february februar mar march maerz marz apr april may mai jun june juni juin jul july juli juillet aug august ' +
    'aout sep sept september oct october okt oktober nov november dec december dez dezember decembre'
  )
    .split(' ')
    .map(collapsed),
);

/** Words that banks write as well, but that are part of names, too: "Acme Direct", "Granite State Credit". */
const NAME_WORDS = new Set(
  (
    'direct instant mobile counter branch online internet web telephone international intl domestic remote standing bank tax credit credits cash ' +
    'clearing vendor vendors supplier client customer cust'
  ).split(' '),
);

/** True for a bank's word, for text with digits and for single letters. `isLast`: the bank may have cut the word. */
export const isBankWord = (word: string, isLast: boolean): boolean =>
  word.length < 2 || /\d/.test(word) || BANK_WORDS.has(word) || (isLast && [...BANK_WORDS].some((known) => known.startsWith(word)));

/** Bank's words of four letters or less that begin no usual word of a name. "PART" may be "Partners", cut. */
const CLEAR_SHORT_WORDS = new Set(
  (
    'ach bgc ccd chk chq ctx des dd eref fac fact fpi fps imps inv invs kref nach neft pmt pmts pymt ppd pyt ref rfb rg rgnr rtgs sepa ' +
    'svwz tfr tds trf trn upi usd eur gbp inr vat vir vpay wire xfer orig indn name date type desc iban bic id from for by via vom von'
  ).split(' '),
);

/** True if a bank's word cannot be the beginning of the next word of a name that is cut. */
export const isClearBankWord = (word: string): boolean => word.length > 4 || /\d/.test(word) || CLEAR_SHORT_WORDS.has(word);

/** Like `isBankWord`, for a word that stands apart from every name, or in front of another bank's word: "VENDOR PMT". */
export const isBankWordApart = (word: string, isLast: boolean): boolean => NAME_WORDS.has(word) || isBankWord(word, isLast);
