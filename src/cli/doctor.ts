import { ConfigError, type Config } from './config.ts';
import { examine, type ExamineOptions, type Finding } from './doctor-checks.ts';
import { toolsFor } from './enabled-tools.ts';
import { startedByName, type Started } from '../started.ts';
import { print } from './print.ts';

/** The command `doctor`: checks the connection and prints how to repair it. */

export interface DoctorCommand {
  readonly json: boolean;
  readonly tryDataCenters: boolean;
}

/** The name of the check that every other check depends on. */
const SETTINGS = 'settings';

/** Prints the findings, without secrets. The exit code is 0 only if no check failed, and 2 if the settings cannot be used. */
export async function doctor(
  { json, tryDataCenters }: DoctorCommand,
  readConfig: () => Config,
  { here = startedByName.here, ...options }: Pick<ExamineOptions, 'dataCenters'> & Partial<Pick<Started, 'here'>> = {},
): Promise<void> {
  const findings: Finding[] = [];
  for await (const { next, ...found } of examined(readConfig, { tryDataCenters, ...options })) {
    const finding = { ...found, ...(next !== undefined && { next: here(next) }) };
    findings.push(finding);
    if (!json) print(lineOf(finding));
  }
  const wrong = findings.filter(({ state }) => state === 'wrong').length;
  if (json) print(JSON.stringify({ ok: wrong === 0, findings }, null, 2));
  else print(wrong === 0 ? '\nNo problems found.' : `\n${wrong === 1 ? '1 problem' : `${wrong} problems`} found.`);
  // As in every command, settings that cannot be used have their own exit code.
  const unusable = findings.some(({ check, state }) => check === SETTINGS && state === 'wrong');
  process.exitCode = unusable ? 2 : wrong === 0 ? 0 : 1;
}

async function* examined(readConfig: () => Config, options: ExamineOptions): AsyncGenerator<Finding> {
  let config: Config;
  try {
    config = readConfig();
    toolsFor(config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield {
      check: SETTINGS,
      state: 'wrong',
      says: error.message,
      next: 'Correct the setting: the server does not start with the present value.',
    };
    return;
  }
  yield* examine(config, options);
}

const marks = { ok: 'ok   ', wrong: 'WRONG', unknown: '?    ' } as const;

function lineOf({ check, state, says, next }: Finding): string {
  return [`${marks[state]}  ${check}: ${says}`, ...(next === undefined ? [] : [`       → ${next}`])].join('\n');
}
