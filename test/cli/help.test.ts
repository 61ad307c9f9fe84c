import { describe, expect, it } from 'vitest';
import { commands, optionsOf } from '../../src/cli/help.ts';
import { command, run } from '../support/program.ts';

/** `--help`, and the errors about options that a command does not have. */

const names = Object.keys(commands);
const everyOption = [...new Set(names.flatMap(optionsOf))];
const optionsIn = (text: string) => [...new Set(text.match(/(?<![\w-])--[a-z][\w-]*/g)?.map((option) => option.slice(2)))];

describe('--help', () => {
  it.each(names)('of %s shows its options and an example, and names no other command', async (name) => {
    const { code, stdout, stderr } = await run([...name.split(' '), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^zoho-payments-mcp ${name}: `));
    expect(stdout).toMatch(new RegExp(`\nExamples?\n {2}zoho-payments-mcp ${name.split(' ')[0]!}`));
    const parts = names.filter((other) => other.startsWith(`${name} `));
    const own = new Set([...optionsOf(name), 'help', ...parts.flatMap(optionsOf)]);
    for (const option of optionsOf(name)) expect(stdout).toContain(`--${option}`);
    expect(optionsIn(stdout).filter((option) => !own.has(option))).toEqual([]);
    const foreign = names.filter((other) => other !== name && !other.startsWith(`${name} `) && !name.startsWith(`${other} `));
    for (const other of foreign) expect(stdout).not.toMatch(new RegExp(`zoho-payments-mcp ${other}(?![\\w-])`));
    expect(await run([...name.split(' '), '-h'])).toMatchObject({ code: 0, stdout });
  });

  it('lists every command of the program', async () => {
    const { stdout } = await run(['--help']);
    for (const name of names) expect(stdout).toContain(`zoho-payments-mcp ${name}`);
    expect(stdout).toContain('zoho-payments-mcp COMMAND --help');
  });

  it('refuses an unknown command', async () => {
    expect(await run(['serv', '--help'])).toMatchObject({ code: 2, stdout: '' });
    expect(await run(['journal', 'burn', '--help'])).toMatchObject({
      code: 2,
      stderr: `zoho-payments-mcp: journal needs one of list, show, resolve, verify, prune, export, import; see \`${command} journal --help\`\n`,
    });
  });
});

describe('the error about wrong arguments', () => {
  it.each(names.filter((name) => name !== 'journal'))('lists the options of %s if an option is unknown', async (name) => {
    const takes =
      optionsOf(name).length === 0
        ? 'it has no options'
        : `its options are ${optionsOf(name)
            .map((option) => `--${option}`)
            .join(', ')}`;
    const see = `see \`${command} ${name} --help\``;
    expect(await run([...name.split(' '), '--colour'])).toMatchObject({
      code: 2,
      stdout: '',
      stderr: `zoho-payments-mcp: Unknown option '--colour' of ${name}; ${takes}; ${see}\n`,
    });
    const foreign = everyOption.find((option) => !optionsOf(name).includes(option) && option !== 'sandbox')!;
    const { code, stderr } = await run([
      ...name.split(' '),
      `--${foreign}`,
      ...(/^(read-only|json|force|no|not|log-json|try|yes|wait|dry-run)/.test(foreign) ? [] : ['1']),
    ]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `zoho-payments-mcp: ${name} has no option --${foreign}; ${takes}; ${see}\n`,
    });
  });

  it('names the command if a value is wrong, and lists the commands if the command is unknown', async () => {
    expect((await run(['sandbox', '--port', 'http'])).stderr).toContain(`not "http"; see \`${command} sandbox --help\``);
    expect((await run(['serv'])).stderr).toContain(
      'unknown command "serv"; the commands are serve, login, logout, doctor, import, reconcile, sandbox, token, journal, migrate; see',
    );
  });
});
