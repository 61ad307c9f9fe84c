import type { Invariant } from './check.ts';

/** Copies of the product that lack one safeguard each: the simulation must fail on the invariant named for it. */

interface Patch {
  readonly file: string;
  /** Must be there exactly once. */
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
        file: 'write/journal/sqlite.ts',
        from: "(key === undefined ? undefined : by('key',",
        to: "(key === undefined || key !== '' ? undefined : by('key',",
      },
    ],
    failsOn: 'twice',
  },
  turn: {
    what: 'writes do not take turns',
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
    what: 'what is unknown is not looked for',
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
    what: 'a write is sent however long the process was held up',
    patches: [
      { file: 'zoho/http.ts', from: 'if (once?.mayGo() === false) {', to: 'if (once?.mayGo() === undefined && once !== undefined) {' },
    ],
    failsOn: 'not recorded with record',
  },
  seal: {
    what: 'an approval is not compared with what is done',
    patches: [
      { file: 'write/confirm.ts', from: 'if (sealed.digest === digest) return', to: 'if (sealed.digest !== undefined) return' },
      { file: 'write/confirm.ts', from: "opened?.kind === 'good' && opened.sealed.digest === digest", to: "opened?.kind === 'good'" },
    ],
    failsOn: 'consent',
  },
  caps: {
    what: 'the claim does not count',
    patches: [
      {
        file: 'write/journal/sqlite.ts',
        from: 'for (const cap of caps.filter((one) => isAbout(one, claim))) {',
        to: 'for (const cap of caps.slice(caps.length)) {',
      },
    ],
    failsOn: 'caps',
  },
  clock: {
    what: "Zoho's clock alone decides that a write will not come any more, whatever one answer says",
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
    what: 'rows are compared as they come',
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
    what: 'a success answer is believed whatever record it shows',
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
    what: 'a balance that is not told is 0',
    patches: [
      { file: 'matching/invoices.ts', from: "balance: readAmount(row['balance']),", to: "balance: readAmount(row['balance']) ?? 0," },
    ],
    failsOn: 'paid',
  },
  change: {
    what: 'what a change leaves is not compared',
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
    what: 'what a lost write became is not compared',
    patches: [
      { file: 'write/duplicates.ts', from: '(await journal.untold()).filter(', to: '(await journal.untold()).slice(1e6).filter(' },
      { file: 'write/duplicates.ts', from: "if (entry.state !== 'recorded' ||", to: "if (entry.state !== 'claimed' ||" },
    ],
    failsOn: 'duplicate',
  },
  near: {
    what: 'payments without a reference are compared by their date alone',
    patches: [{ file: 'preflight/look-alikes.ts', from: 'const NEAR_DAYS = 7;', to: 'const NEAR_DAYS = 0;' }],
    failsOn: 'duplicate',
  },
  away: {
    what: 'nobody looks whether the journal is still there',
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
} satisfies Record<string, Sabotage>;

export type SabotageName = keyof typeof sabotages;
export const isSabotage = (name: string): name is SabotageName => name in sabotages;
