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
      { file: 'write/journal-sqlite.ts', from: 'CREATE UNIQUE INDEX one_per_key', to: 'CREATE INDEX one_per_key' },
      { file: 'write/journal-sqlite.ts', from: "(key === undefined ? undefined : by('key',", to: "(key === undefined || key !== '' ? undefined : by('key'," },
    ],
    failsOn: 'twice',
  },
  turn: {
    what: 'writes do not take turns',
    patches: [{ file: 'write/turn.ts', from: 'const files = [...new Set(names.map(fileOf))]', to: 'const files = [...new Set(names.slice(names.length).map(fileOf))]' }],
    failsOn: 'duplicate',
  },
  look: {
    what: 'what is unknown is not looked for',
    patches: [{ file: 'write/resolve.ts', from: 'const seen = await endpoint.look(attemptOf(entry, journal), zoho);', to: "const seen = await endpoint.look(attemptOf(entry, journal), zoho).then((): Seen => ({ seen: 'not there' }));" }],
    failsOn: 'not recorded with record',
  },
  fence: {
    what: 'a write is sent however long the process was held up',
    patches: [{ file: 'zoho/http.ts', from: 'if (once?.mayGo() === false) {', to: 'if (once?.mayGo() === undefined && once !== undefined) {' }],
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
    patches: [{ file: 'write/journal-sqlite.ts', from: 'for (const { cap, since } of limits) {', to: 'for (const { cap, since } of limits.slice(limits.length)) {' }],
    failsOn: 'caps',
  },
} satisfies Record<string, Sabotage>;

export type SabotageName = keyof typeof sabotages;
export const isSabotage = (name: string): name is SabotageName => name in sabotages;
