/** Headers by which banks and spreadsheets name their columns, in several languages. */

/** What a column can hold. The headers that come first are preferred if several columns fit. */
const columnHeaders = {
  date: [
    'date|transaction date|posting date|posted date|booking date|post date|posted on|txn date|tran date|payment date|entry date|value date',
    'buchungstag|buchungsdatum|buchung|datum|zahlungsdatum|zahldatum|wertstellung|valutadatum|valuta',
    'date operation|date de l operation|date d operation|date comptable|date de comptabilisation|date de paiement|date valeur|date de valeur',
    'fecha|fecha operacion|fecha de operacion|fecha contable|fecha de pago|fecha valor|f operacion|f valor',
    'data|data operazione|data contabile|data pagamento|data valuta',
    'boekdatum|boekingsdatum|transactiedatum|betaaldatum|rentedatum|valutadatum',
    'data operacji|data ksiegowania|data transakcji|data zaksiegowania|data platnosci|data waluty',
    'data mov|data movimento|data do movimento|data lancamento|data de lancamento|data da operacao|data do pagamento|data valor',
  ],
  amount: [
    'amount|transaction amount|net amount|amount paid|paid amount|payment amount|value|sum',
    'betrag|umsatz|buchungsbetrag|zahlbetrag|zahlungsbetrag|summe',
    'montant|montant de l operation|montant paye|somme',
    'importe|monto|cantidad|importe pagado',
    'importo|importo pagato|ammontare',
    'bedrag|transactiebedrag|betaald bedrag',
    'kwota|kwota operacji|kwota transakcji|kwota platnosci',
    'valor|montante|quantia|valor pago|importancia',
  ],
  paid_in: [
    'paid in|money in|credit|credits|credit amount|amount credited|deposit|deposits|deposit amt|deposit amount|received|receipts|in',
    'haben|gutschrift|gutschriften|eingang|einnahme|einnahmen|zahlungseingang',
    'credit euros|encaissement|recette|entree|entrees',
    'abono|abonos|haber|ingreso|ingresos|credito|creditos',
    'entrate|accrediti|accredito|avere',
    'bij|bijschrijving|ontvangen|inkomsten',
    'uznania|uznanie|wplyw|wplywy|wplata|kwota uznania',
    'entrada|entradas|a credito|receita|credito',
  ],
  paid_out: [
    'paid out|money out|debit|debits|debit amount|amount debited|withdrawal|withdrawals|withdrawal amt|withdrawal amount|spent|payments|out',
    'soll|lastschrift|belastung|belastungen|ausgang|ausgabe|ausgaben|zahlungsausgang',
    'debit euros|decaissement|depense|sortie|sorties',
    'cargo|cargos|debe|gasto|gastos|debito|debitos',
    'uscite|addebiti|addebito|dare',
    'af|afschrijving|uitgaven|betaald',
    'obciazenia|obciazenie|wydatki|wyplata|kwota obciazenia',
    'saida|saidas|a debito|despesa|debito',
  ],
  direction: [
    'cr dr|dr cr|cr|dr|debit credit|credit debit|type|transaction type|direction|sign|details',
    'soll haben|s h|haben soll|kennzeichen|soll haben kennzeichen|umsatztyp|vorzeichen',
    'sens|debit credit|d c',
    'signo|debe haber|cargo abono|tipo',
    'segno|dare avere',
    'af bij|bij af|debet credit|credit debet|code|mutatiesoort',
    'typ|strona|rodzaj|uznanie obciazenie',
    'debito credito|d c|natureza|tipo de movimento',
  ],
  balance: ['balance|running balance|closing balance|saldo|kontostand|solde|saldo despues|saldo contabile|saldo na mutatie|saldo apos'],
  text: [
    'description|transaction description|details|narrative|narration|memo|particulars|remarks|transaction details|payment details|note|notes',
    'verwendungszweck|buchungstext|zahlungsgrund|text|bemerkung|beschreibung|vorgang|vwz',
    'libelle|libelle operation|libelle simplifie|motif|communication|informations complementaires|intitule',
    'concepto|descripcion|detalle|observaciones|mas datos',
    'descrizione|causale|dettagli|descrizione operazione|nota',
    'omschrijving|mededeling|mededelingen|betalingskenmerk|naam omschrijving',
    'opis|opis operacji|opis transakcji|tytul|tytul operacji|tytulem|szczegoly',
    'descricao|descritivo|historico|detalhes|descricao do movimento|observacoes',
  ],
  name: [
    'name|payee|counterparty|counterparty name|merchant|merchant name|partner name|other party',
    'beguenstigter zahlungspflichtiger|auftraggeber beguenstigter|auftraggeber empfanger|empfanger auftraggeber|sender empfanger|zahlungsempfanger zahlungspflichtiger|payer payee|payee payer|debtor creditor|' +
      'name zahlungsbeteiligter|zahlungsbeteiligter|gegenkonto name|partnername',
    'nom|nom de la contrepartie|contrepartie|tiers|nom tiers',
    'nombre|contraparte|nombre contraparte',
    'nome|controparte|nominativo',
    'naam|naam tegenpartij|tegenpartij|naam tegenrekening',
    'nazwa|kontrahent|nazwa kontrahenta|dane kontrahenta|nadawca odbiorca',
    'nome contraparte|entidade',
  ],
  payer: [
    'payer|payer name|from|sender|remitter|received from|paid by',
    'zahlungspflichtiger|zahlungspflichtige r|auftraggeber|absender|einzahler|zahler',
    'emetteur|donneur d ordre|debiteur|payeur',
    'ordenante|remitente|pagador',
    'ordinante|mittente|pagante',
    'betaler|afzender',
    'nadawca|zleceniodawca|platnik',
    'ordenante|remetente|pagador',
  ],
  payee: [
    'beneficiary|beneficiary name|recipient|paid to|to|payee name',
    'empfanger|zahlungsempfanger|zahlungsempfanger in|beguenstigter|begunstigter',
    'beneficiaire|destinataire|beneficiario|destinatario|begunstigde|ontvanger|odbiorca|beneficjent',
  ],
  reference: [
    'reference|reference number|reference no|ref|ref no|bank reference|customer reference|chq no|chq ref no|cheque no|cheque number',
    'check|check number|check no|check or slip|transaction id|transaction reference|utr|end to end id',
    'referenz|kundenreferenz|kundenreferenz end to end|belegnummer|mandatsreferenz',
    'numero de reference|reference operation|referencia|numero referencia|riferimento|cro|kenmerk|referentie|referencja|numer referencyjny',
  ],
  currency: ['currency|currency code|ccy|wahrung|waehrung|devise|monnaie|moneda|divisa|valuta|munt|waluta|moeda'],
  customer: [
    'customer|customer name|client|client name|company|account name|paid by|payer|contact name|name',
    'kunde|kundenname|kunden name|firma|zahler|auftraggeber',
    'client|nom du client|nom client|societe|raison sociale|nom',
    'cliente|nombre del cliente|razon social|nombre|cliente nome|nome cliente|nome do cliente|ragione sociale',
    'klant|klantnaam|naam klant|klient|nazwa klienta|kontrahent',
  ],
  payment_mode: [
    'payment mode|mode|payment method|method|paid via|payment type|mode of payment',
    'zahlungsart|zahlart|zahlungsweise|mode de paiement|moyen de paiement|reglement|forma de pago|metodo de pago|modo de pago',
    'metodo di pagamento|modalita di pagamento|betaalwijze|betaalmethode|forma platnosci|sposob platnosci|forma de pagamento|meio de pagamento',
  ],
  invoices: [
    'invoices|invoice|invoice number|invoice numbers|invoice no|invoice nr|invoice id|applied to|bill no',
    'rechnung|rechnungen|rechnungsnummer|rechnungsnummern|rechnungsnr|rechnungs nr|re nr|beleg',
    'facture|factures|numero de facture|n facture|no facture|factura|facturas|numero de factura|n factura',
    'fattura|fatture|numero fattura|n fattura|factuur|facturen|factuurnummer|faktura|faktury|numer faktury|fatura|faturas|numero da fatura',
  ],
  account: [
    'account|deposit to|deposited to|deposit account|bank account|bank|paid into',
    'konto|bankkonto|compte|compte bancaire|cuenta|cuenta bancaria|conto|conto corrente|rekening|rekeningnummer|rachunek|conta|conta bancaria',
  ],
  description: [
    'description|note|notes|memo|remarks|comment|comments',
    'beschreibung|bemerkung|notiz|verwendungszweck|libelle|remarque|motif|concepto|descripcion|observaciones',
    'descrizione|causale|note|omschrijving|opmerking|opis|uwagi|descricao|observacoes',
  ],
  key: ['idempotency key|key|row id|row key|external id|unique id|uuid|import id'],
  allocate: ['allocate|allocation|allocate to|zuordnung|affectation|asignacion|imputacion'],
  allow_duplicate_of: ['allow duplicate of|not duplicate of|no duplicate of'],
  bank_charges: [
    'bank charges|bank charge|bank fee|bank fees|charges|fee|fees|commission',
    'bankgebuhren|bankgebuhr|gebuhr|gebuhren|bankspesen|spesen|entgelt|frais bancaires|frais|comision|comisiones|commissioni',
  ],
  exchange_rate: ['exchange rate|fx rate|conversion rate|wechselkurs|umrechnungskurs|taux de change|tipo de cambio|tasso di cambio'],
} as const;

export type Role = keyof typeof columnHeaders;

/** All headers of a role, as `plainHeader` writes them. The best are first. */
export const headersOf = (role: Role): readonly string[] => columnHeaders[role].flatMap((list: string) => list.split('|'));

/** A header for comparing: no accents, punctuation, unit in brackets or currency at the end. */
export function plainHeader(header: string): string {
  return header
    .replace(/[([{].*?[)\]}]/g, ' ')
    .replaceAll('ß', 'ss')
    .replaceAll(/[łŁ]/g, 'l')
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .replace(/ (?:in )?(?:eur|usd|gbp|inr|chf|pln|brl|euros?|dollars?)$/, '');
}

/** The rank of a header among those of the role: 0 is the best, undefined if it is none of them. */
export function headerRank(role: Role, header: string): number | undefined {
  const rank = headersOf(role).indexOf(plainHeader(header));
  return rank === -1 ? undefined : rank;
}
