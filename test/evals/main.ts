import { parseArgs } from 'node:util';
import { commandModel } from './command.ts';
import { play, type Played } from './play.ts';
import { aboutProtocol } from './protocol.ts';
import { tasks } from './tasks.ts';

/** npm run eval -- --model-command CMD */

const usage = `npm run eval -- --model-command CMD [--tries K] [--only NAME] [--timeout SECONDS] [--json] [--list]

Plays the tasks against the sandbox with any model that a command can run. Then it checks the changes in the books, and for some tasks
the facts in the answer. A script answers the server's questions to the user, as the user of the task would. A text of the model ends
its turn, and the next sentence of the user follows. The text after the last sentence ends the play.
--only can be given several times, with the name of a task or a family. Default: --tries 1, --timeout 120 (for one answer).
--json prints every conversation in full. The exit code is 0 if every try passed.

${aboutProtocol}`;

const { values } = parseArgs({
  options: {
    'model-command': { type: 'string' },
    tries: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true, default: [] },
    timeout: { type: 'string', default: '120' },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const [tries, timeout] = [Number(values.tries), Number(values.timeout)];
const chosen = tasks.filter(({ name, family }) => values.only.length === 0 || values.only.includes(name) || values.only.includes(family));
const unknown = values.only.filter((only) => !tasks.some(({ name, family }) => only === name || only === family));
const command = values['model-command'];

if (values.help) {
  console.log(usage);
} else if (values.list) {
  for (const { family, name, says } of chosen)
    console.log(
      `${family} | ${name} | ${says.flatMap((said) => (typeof said === 'string' ? (said.split('\n')[0] ?? '') : [])).join(' … ')}`,
    );
} else if (command === undefined || !(Number.isSafeInteger(tries) && tries > 0) || !(timeout > 0) || unknown.length > 0) {
  console.error(
    unknown.length > 0
      ? `Unknown task or family ${unknown.map((name) => JSON.stringify(name)).join(', ')}; --list shows all.`
      : command === undefined
        ? `--model-command is missing.\n\n${usage}`
        : usage,
  );
  process.exitCode = 2;
} else {
  const model = commandModel(command, timeout * 1000);
  const all: Played[] = [];
  for (const task of chosen) {
    for (let n = 1; n <= tries; n += 1) {
      const played = await play(task, model);
      all.push(played);
      if (!values.json) for (const problem of played.problems) console.error(`${task.name}, try ${n}: ${problem}`);
    }
  }
  const rows = chosen.map((task) =>
    rowOf(
      task.name,
      all.filter(({ task: name }) => name === task.name),
    ),
  );
  const share = (of: (row: (typeof rows)[number]) => number) => rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
  const summary = {
    tasks: rows.length,
    tries,
    pass_1: share(({ passed }) => passed / tries),
    pass_k: share(({ passed }) => Number(passed === tries)),
    tools_list_bytes: all[0]?.toolsBytes,
  };
  if (values.json) {
    console.log(JSON.stringify({ ...summary, results: rows, plays: all }, null, 2));
  } else {
    console.log(
      [
        '| task | family | passed | calls | bytes of results |',
        '| --- | --- | --- | --- | --- |',
        ...rows.map(({ task, family, passed, calls, bytes }) => `| ${task} | ${family} | ${passed}/${tries} | ${calls} | ${bytes} |`),
      ].join('\n'),
    );
    const percent = (part: number) => `${(part * 100).toFixed(0)} %`;
    const everyTry = tries > 1 ? `, pass^${tries} ${percent(summary.pass_k)}` : '';
    console.log(`\npass^1 ${percent(summary.pass_1)}${everyTry}; tools/list ${summary.tools_list_bytes} bytes`);
  }
  process.exitCode = all.every(({ problems }) => problems.length === 0) ? 0 : 1;
}

/** The result of a task, with the average number of calls and bytes. */
function rowOf(task: string, plays: readonly Played[]) {
  const average = (of: (played: Played) => number) =>
    Math.round((plays.reduce((sum, played) => sum + of(played), 0) / plays.length) * 10) / 10;
  return {
    task,
    family: plays[0]?.family,
    passed: plays.filter(({ problems }) => problems.length === 0).length,
    calls: average(({ calls }) => calls),
    bytes: average(({ bytes }) => bytes),
  };
}
