import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { commandModel } from '../evals/command.ts';
import { play } from '../evals/play.ts';
import { tasks } from '../evals/tasks.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const node = (...args: string[]) => [process.execPath, ...args].map((part) => `"${part}"`).join(' ');
const dir = mkdtempSync(join(tmpdir(), 'zoho-payments-evals-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
/** A command that runs this JavaScript. */
function adapter(source: string): string {
  const file = join(dir, `${source.length}.cjs`);
  writeFileSync(file, source);
  return node(file);
}
const scripted = node('--import', 'tsx', fileURLToPath(new URL('../evals/scripted.ts', import.meta.url)));

/** Runs what `npm run eval` runs. */
async function evals(...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('../evals/main.ts', import.meta.url)), ...args], {
    cwd: root,
  });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit') as Promise<[number]>]);
  return { out, err, code };
}

describe('npm run eval', () => {
  it('plays tasks with a command, and prints how many passed, the calls and the bytes', async () => {
    const { out, err, code } = await evals('--model-command', scripted, '--only', 'invoice already paid', '--tries', '2');
    expect({ err, code }).toEqual({ err: '', code: 0 });
    expect(out).toMatch(/^\| invoice already paid \| traps \| 2\/2 \| 1 \| \d+ \|$/m);
    expect(out).toMatch(/^pass\^1 100 %, pass\^2 100 %; tools\/list \d+ bytes$/m);
  });

  it('exits with an error if a try fails, and prints the reasons, also as JSON', async () => {
    const { out, code } = await evals(
      '--model-command',
      adapter(`console.log('{"text": "Done."}')`),
      '--only',
      'cash for an invoice',
      '--json',
    );
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      tasks: 1,
      tries: 1,
      pass_1: 0,
      pass_k: 0,
      results: [{ passed: 0, calls: 0, bytes: 0 }],
      plays: [{ problems: [expect.stringMatching(/^missing: payment added/)] }],
    });
  });

  it('prints its usage if no command is given, and refuses an unknown task', async () => {
    const [without, other] = await Promise.all([evals(), evals('--model-command', 'x', '--only', 'nothing')]);
    expect(without).toMatchObject({ code: 2, err: expect.stringContaining('--model-command CMD') as string });
    expect(other).toMatchObject({ code: 2, err: 'Unknown task or family "nothing"; --list shows all.\n' });
  });
});

describe('a try fails, and gives the reason, if the command', () => {
  const task = tasks[0]!;

  it.each([
    ['does not answer with JSON', adapter(`console.log('well')`), 'the answer is not JSON: "well\\n"'],
    [
      'answers with other JSON',
      adapter(`console.log('{"answer":1}')`),
      'the answer is neither a text nor a tool call: "{\\"answer\\":1}\\n"',
    ],
    ['ends with an error', adapter('process.exit(3)'), 'the command ended with 3'],
    ['does not exist', 'no-such-command-at-all', expect.stringMatching(/^the command ended with \d+/) as string],
  ])('%s', async (_, command, reason) => {
    const { problems } = await play(task, commandModel(command, 120_000));
    expect(problems[0]).toEqual(reason);
  });

  it('takes too long; the command and all processes that it started are then ended', async () => {
    const late = join(dir, 'late');
    const child = `setTimeout(() => require("node:fs").writeFileSync(${JSON.stringify(late.replaceAll('\\', '/'))}, ""), 1000)`;
    const command = adapter(`require('node:child_process').spawn(process.execPath, ['-e', '${child}'], { stdio: 'inherit' })`);
    const { problems } = await play(task, commandModel(command, 700));
    expect(problems[0]).toBe('no answer within 0.7 s');
    await sleep(2000);
    expect(existsSync(late)).toBe(false);
  });

  it('makes calls without an end', async () => {
    const { problems } = await play(task, async () => JSON.stringify({ tool: 'list_writes', arguments: {} }));
    expect(problems[0]).toBe('no end after 60 answers of the model');
  });

  it('calls an unknown tool; the model then gets the error', async () => {
    const answers = [{ tool: 'pay', arguments: {} }, { text: 'I cannot.' }];
    const { messages } = await play(task, async () => JSON.stringify(answers.shift()));
    expect(messages).toContainEqual({ role: 'tool', tool: 'pay', isError: true, text: expect.stringContaining('pay') as string });
  });
});
