import { describe, expect, it } from 'vitest';
import { isRead } from '../src/endpoint.ts';
import { endpoints } from '../src/endpoints/index.ts';
import { invariants } from './simulate/check.ts';
import { sabotages, type SabotageName } from './simulate/sabotage.ts';
import { simulate } from './simulate/simulate.ts';

/** The whole system under simulation, and the simulation itself: without each safeguard it must fail. */

const faults = [
  'drop_before',
  'drop_after',
  'delay',
  'status',
  'malformed',
  'html',
  'truncate',
  'unauthorized',
  'rate_limit',
  'wrong_date',
  'no_date',
  'odd_rows',
  'another_record',
];
const told = [
  'recorded',
  'recorded, again',
  'outcome_unknown',
  'killed',
  'cancelled',
  'declined',
  'approval_needed',
  'key_reused',
  'suspected_duplicate',
  'unresolved_write',
  'against_policy',
  'consent_unavailable',
  'journal_replaced',
];
const seeds = (from: number, runs: number) => Array.from({ length: runs }, (_, n) => from + n);

it('200 runs end with every promise kept', { timeout: 240_000 }, async () => {
  const { runs, failed, figures } = await simulate({ seeds: seeds(1, 200) });
  // What a failing run did is kept by: npm run simulate -- --runs 1 --seed <seed> --keep <folder>
  expect(failed.map(({ seed, problems }) => ({ seed, problems }))).toEqual([]);
  expect(runs).toBe(200);
  // They did what they are for.
  const least = {
    writes: 350,
    faults: 150,
    'killed calls': 30,
    pauses: 100,
    'edits by hand': 50,
    questions: 150,
    'unknown for a time': 30,
    'runs in processes': 2,
  };
  const every = [
    ...endpoints.filter((endpoint) => !isRead(endpoint)).map(({ name }) => `write ${name}`),
    ...faults.map((kind) => `fault ${kind}`),
    ...told.map((what) => `told ${what}`),
  ];
  const missing = [...Object.entries(least), ...every.map((name) => [name, 1] as const)].filter(
    ([name, count]) => (figures[name] ?? 0) < count,
  );
  expect(missing).toEqual([]);
});

describe('it bites', () => {
  // Seeds at which it did so, then any.
  const first: Record<SabotageName, readonly number[]> = {
    key: [141, 214, 294, 316],
    turn: [40104, 40165, 40300, 40598, 41235],
    look: [1, 12, 25, 29, 34],
    fence: [102],
    seal: [11, 63, 95, 116],
    caps: [24, 41, 38, 52],
    clock: [174],
    types: [332],
    answer: [166, 335],
    untold: [21200, 31770, 535],
    change: [398],
    lost: [373],
    near: [151, 172],
    away: [63, 66, 93, 162],
  };

  it.each(Object.entries(sabotages) as [SabotageName, (typeof sabotages)[SabotageName]][])(
    'without this it fails as named: %s',
    async (sabotage, { failsOn, what }) => {
      const { failed } = await simulate({
        seeds: [...first[sabotage], ...seeds(20_000, 1500)],
        workers: 1,
        sabotage,
        enough: ({ problems }) => problems.some(({ invariant }) => invariant === failsOn),
      });
      const found = failed.flatMap(({ problems }) => problems.map(({ invariant }) => invariant));
      expect(found, `${what}: ${invariants[failsOn]}`).toContain(failsOn);
    },
  );
});
