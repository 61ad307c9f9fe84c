import { parseArgs } from 'node:util';
import { isSabotage, sabotages } from './sabotage.ts';
import { simulate } from './simulate.ts';

/** npm run simulate -- --runs N --seed S [--keep DIR] [--workers N] [--slower TIMES] [--sabotage NAME] */

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'string' },
    workers: { type: 'string', default: '2' },
    sabotage: { type: 'string' },
    slower: { type: 'string', default: '1' },
  },
});
const [runs, seed, workers, slower] = [values.runs, values.seed, values.workers, values.slower].map(Number) as [
  number,
  number,
  number,
  number,
];
const { keep, sabotage } = values;
if (![runs, seed, workers, slower].every(Number.isSafeInteger) || (sabotage !== undefined && !isSabotage(sabotage))) {
  console.error(
    `Usage: npm run simulate -- --runs N --seed S [--keep DIR] [--workers N] [--slower TIMES] [--sabotage ${Object.keys(sabotages).join('|')}]`,
  );
  process.exit(2);
}

// Not `once`: a terminal and tsx both send this signal, and the second one must not end the cleanup.
process.on('SIGINT', () => process.exit(130)).on('SIGTERM', () => process.exit(143));
const seeds = Array.from({ length: runs }, (_, n) => seed + n);
let done = 0;
const {
  failed,
  figures,
  seconds,
  runs: ran,
} = await simulate({
  seeds,
  workers,
  keep,
  sabotage,
  slower,
  ...(sabotage !== undefined && { enough: ({ problems }) => problems.some(({ invariant }) => invariant === sabotages[sabotage].failsOn) }),
  onResult: ({ seed: one, problems, schedule = [] }) => {
    done += 1;
    if (problems.length > 0) console.log(`seed ${one}:${problems.map(({ invariant, text }) => `\n  ${invariant}: ${text}`).join('')}`);
    if (problems.length > 0 && sabotage === undefined) console.log(schedule.join('\n'));
    else if (done % 1000 === 0) console.log(`${done} runs`);
  },
});
console.log(`${ran} runs in ${seconds.toFixed(1)} s, ${failed.length} failed.`);
for (const [name, value] of Object.entries(figures).toSorted(([a], [b]) => (a < b ? -1 : 1))) console.log(`  ${name}: ${value}`);
if (sabotage !== undefined) {
  const caught = failed.some(({ problems }) => problems.some(({ invariant }) => invariant === sabotages[sabotage].failsOn));
  console.log(
    caught
      ? `With this change (${sabotages[sabotage].what}) the simulation fails as it should: ${sabotages[sabotage].failsOn}.`
      : `NOT CAUGHT: ${sabotages[sabotage].what}.`,
  );
  process.exit(caught ? 0 : 1);
}
for (const { seed: one } of failed)
  console.log(`To repeat it: npm run simulate -- --runs 1 --seed ${one}${keep === undefined ? ' --keep DIR' : ''}`);
process.exit(failed.length > 0 ? 1 : 0);
