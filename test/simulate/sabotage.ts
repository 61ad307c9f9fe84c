import type { Invariant } from './check.ts';

/** Patches that each remove one safeguard from a copy of the product. The simulation must then fail on the named invariant. */

interface Patch {
  readonly file: string;
  /** Must occur exactly once in the file. */
  readonly from: string;
  readonly to: string;
}

export interface Sabotage {
  readonly what: string;
  readonly patches: readonly Patch[];
  readonly failsOn: Invariant;
}

export const sabotages = {
  key: {
    what: "the claim does not keep the caller's key unique",
    patches: [
      { file: 'write/journal/sqlite.ts', from: 'CREATE UNIQUE INDEX one_per_key', to: 'CREATE INDEX one_per_key' },
      {
        file: 'write/journal/sql-journal.ts',
        from: "(key === undefined ? undefined : yield* known('key',",
        to: "(key === undefined || key !== '' ? undefined : yield* known('key',",
      },
    ],
    failsOn: 'twice',
  },
  turn: {
    what: 'writes do not wait for their lock',
    patches: [
      {
        file: 'write/turn.ts',
        from: 'const files = [...new Set(names.map(fileOf))]',
        to: 'const files = [...new Set(names.slice(names.length).map(fileOf))]',
      },
    ],
    failsOn: 'duplicate',
  },
  look: {
    what: 'the server does not look for a write whose outcome is unknown',
    patches: [
      {
        file: 'write/resolve.ts',
        from: 'return { late, seen: await endpoint.safety.look(attemptOf(entry, journal), zoho) };',
        to: "return { late, seen: await endpoint.safety.look(attemptOf(entry, journal), zoho).then((): Seen => ({ seen: 'not there' })) };",
      },
    ],
    failsOn: 'not recorded with record',
  },
  fence: {
    what: 'a write is sent even after a long pause of the process',
    patches: [
      { file: 'zoho/http.ts', from: 'if (once?.mayGo() === false) {', to: 'if (once?.mayGo() === undefined && once !== undefined) {' },
    ],
    failsOn: 'not recorded with record',
  },
  seal: {
    what: 'an approval is not compared with the write',
    patches: [
      { file: 'write/confirm.ts', from: 'if (sealed.digest === digest) return', to: 'if (sealed.digest !== undefined) return' },
      { file: 'write/confirm.ts', from: "opened?.kind === 'good' && opened.sealed.digest === digest", to: "opened?.kind === 'good'" },
    ],
    failsOn: 'consent',
  },
  caps: {
    what: "the claim does not check the policy's limits",
    patches: [
      {
        file: 'write/journal/sql-journal.ts',
        from: 'for (const cap of caps.filter((one) => isAbout(one, claim))) {',
        to: 'for (const cap of caps.slice(caps.length)) {',
      },
    ],
    failsOn: 'caps',
  },
  clock: {
    what: "Zoho's clock alone decides that a write will not be carried out any more, even if only one answer shows this time",
    patches: [
      { file: 'write/resolve.ts', from: '&& passed > graceMs', to: '&& passed > -1e15' },
      {
        file: 'zoho/clock.ts',
        from: 'newest === undefined ||\n        agree(newest, reading)',
        to: 'newest === undefined || reading.date > 0 || agree(newest, reading)',
      },
    ],
    failsOn: 'not recorded with record',
  },
  types: {
    what: "the types of Zoho's rows are not converted before the comparison",
    patches: [
      {
        file: 'preflight/look-alikes.ts',
        from: "customer_id: readId(row['customer_id']),",
        to: "customer_id: row['customer_id'] as string | undefined,",
      },
      {
        file: 'preflight/look-alikes.ts',
        from: 'amount: amount.map((name) => readAmount(row[name])).find((value) => value !== undefined),',
        to: 'amount: amount.map((name) => row[name] as number).find((value) => value !== undefined),',
      },
    ],
    failsOn: 'duplicate',
  },
  answer: {
    what: 'a success answer is trusted even if it shows another record',
    patches: [
      {
        file: 'write/send.ts',
        from: 'if (why !== undefined) throw new OutcomeUnknownError',
        to: 'if (why === null) throw new OutcomeUnknownError',
      },
    ],
    failsOn: 'recorded without record',
  },
  untold: {
    what: 'a missing balance counts as 0',
    patches: [
      { file: 'matching/invoices.ts', from: "balance: readAmount(row['balance']),", to: "balance: readAmount(row['balance']) ?? 0," },
    ],
    failsOn: 'paid',
  },
  change: {
    what: 'the result of a change is not checked for possible duplicates',
    patches: [
      {
        file: 'preflight/payment-change-facts.ts',
        from: '    duplicates: { alike },',
        to: '    duplicates: { alike: alike.slice(alike.length) },',
      },
    ],
    failsOn: 'duplicate',
  },
  lost: {
    what: 'a lost write that was found later is not checked for possible duplicates',
    patches: [
      { file: 'write/duplicates.ts', from: '(await journal.untold()).filter(', to: '(await journal.untold()).slice(1e6).filter(' },
      { file: 'write/duplicates.ts', from: "if (entry.state !== 'recorded' ||", to: "if (entry.state !== 'claimed' ||" },
    ],
    failsOn: 'duplicate',
  },
  near: {
    what: 'payments without a reference are duplicates only on the same date',
    patches: [{ file: 'preflight/look-alikes.ts', from: 'const NEAR_DAYS = 7;', to: 'const NEAR_DAYS = 0;' }],
    failsOn: 'duplicate',
  },
  away: {
    what: "the server does not check that the journal's file is still in its place",
    patches: [
      {
        file: 'write/journal/file.ts',
        from: 'async refuseUnlessIntact(): Promise<void> {',
        to: 'async refuseUnlessIntact(): Promise<void> {\n    if (this.#id !== undefined) return;',
      },
      {
        file: 'write/journal/file.ts',
        from: '#refuseUnlessInPlace(): void {',
        to: '#refuseUnlessInPlace(): void {\n    if (this.#id !== undefined) return;',
      },
    ],
    failsOn: 'away',
  },
  listSince: {
    what: 'payments that were created since the check of a list are not read',
    patches: [
      {
        file: 'preflight/payment-lists.ts',
        from: 'await paymentsCreatedSince(before, most, zoho);',
        to: 'before ?? (await paymentsCreatedSince(before, most, zoho));',
      },
    ],
    failsOn: 'duplicate',
  },
  listTurns: {
    what: 'the locks of the rows of a list are not held while their reads are used',
    patches: [
      { file: 'write/list-groups.ts', from: 'turn = await turns.take(names,', to: 'turn = await turns.take(names.slice(names.length),' },
    ],
    failsOn: 'list',
  },
  listShown: {
    what: 'a row of a list is not compared with what the user was shown',
    patches: [
      {
        file: 'write/list-consent.ts',
        from: 'consents.filter(({ rows }) => rows.includes(digest))',
        to: "consents.filter(() => digest !== '')",
      },
    ],
    failsOn: 'consent',
  },
  listEqual: {
    what: 'equal rows of a list have the same key',
    patches: [
      { file: 'write/list-rows.ts', from: 'const id = `${digest}#${before.length + 1}`;', to: 'const id = digest;' },
      {
        file: 'write/list-rows.ts',
        from: 'if (same !== undefined) throw keyTwice(same, number);',
        to: "if (same !== undefined && id === '') throw keyTwice(same, number);",
      },
    ],
    failsOn: 'list',
  },
  listOnce: {
    what: 'consent to a row of a list can be used for several writes',
    patches: [
      {
        file: 'write/list-consent.ts',
        from: 'const own = `${approval}/${row.id}`;',
        to: 'const own = `${approval}/${row.id}/${Math.random()}`;',
      },
    ],
    failsOn: 'consent',
  },
  listKept: {
    what: 'consent to a list is not written to the journal',
    patches: [
      { file: 'write/list-consent.ts', from: "if (asked !== 'nobody') await", to: "if (asked !== 'nobody' && rows.length === 0) await" },
    ],
    failsOn: 'asked',
  },
  listEarlier: {
    what: 'the effect of earlier rows of a list on an invoice is ignored',
    patches: [
      {
        file: 'preflight/payment-lists.ts',
        from: 'effects.set(row.invoice_id, sum(',
        to: 'new Map<string, number>().set(row.invoice_id, sum(',
      },
    ],
    failsOn: 'consent',
  },
  listWide: {
    what: 'a row of a list is not compared with payments that it may repeat',
    patches: [{ file: 'write/duplicates.ts', from: 'listed?.made.has(id) === true;', to: "listed?.made.has(id) !== (id === '');" }],
    failsOn: 'duplicate',
  },
  listAgain: {
    what: 'a list that is sent again is not answered from the journal before its rows are checked',
    patches: [
      {
        file: 'write/perform-list.ts',
        from: "?.state === 'recorded') await list.perform(row);",
        to: "?.state === 'claimed') await list.perform(row);",
      },
    ],
    failsOn: 'list',
  },
  listFresh: {
    what: 'nothing is read again when the locks of a group of rows are held',
    patches: [
      {
        file: 'preflight/payment-lists.ts',
        from: 'planned = new Map();\n      openInvoices',
        to: 'planned = new Map();\n      if (known !== null) return;\n      openInvoices',
      },
    ],
    failsOn: 'duplicate',
  },
  listOrder: {
    what: 'an equal row of a list is sent although the row before it is not recorded',
    patches: [{ file: 'write/list-groups.ts', from: 'follows !== undefined && follows', to: 'follows === null && follows' }],
    failsOn: 'list',
  },
  listUnknown: {
    what: 'rows of a customer are sent although the outcome of an earlier row is unknown',
    patches: [{ file: 'write/list-groups.ts', from: 'unknown.has(name)', to: 'unknown.has(`${name} `)' }],
    failsOn: 'unknown for ever',
  },
  listAlike: {
    what: 'the user is not told about rows of a list that are possible duplicates',
    patches: [{ file: 'write/list-run.ts', from: 'return alike.length === 0', to: 'return alike.length >= 0' }],
    failsOn: 'consent',
  },
} satisfies Record<string, Sabotage>;

export type SabotageName = keyof typeof sabotages;
export const isSabotage = (name: string): name is SabotageName => name in sabotages;
