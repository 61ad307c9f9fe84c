import { ConfigError, type Config } from './config.ts';
import { examine, type ExamineOptions, type Finding } from './doctor-checks.ts';
import { toolsFor } from './enabled-tools.ts';
import { startedByName, type Started } from '../started.ts';
import { print } from './print.ts';

/** What of a connection works, and for each thing that does not what to do. */

export interface DoctorCommand {
  readonly json: boolean;
  readonly tryDataCenters: boolean;
}

/** The exit code is 0 only if all is well. Prints no secret. */
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
  else print(wrong === 0 ? '\nAll is well.' : `\n${wrong === 1 ? 'One thing is' : `${wrong} things are`} wrong.`);
  process.exitCode = wrong === 0 ? 0 : 1;
}

async function* examined(readConfig: () => Config, options: ExamineOptions): AsyncGenerator<Finding> {
  let config: Config;
  try {
    config = readConfig();
    toolsFor(config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield { check: 'settings', state: 'wrong', says: error.message, next: 'Correct it: the server does not start like this.' };
    return;
  }
  yield* examine(config, options);
}

const marks = { ok: 'ok   ', wrong: 'WRONG', unknown: '?    ' } as const;

function lineOf({ check, state, says, next }: Finding): string {
  return [`${marks[state]}  ${check}: ${says}`, ...(next === undefined ? [] : [`       → ${next}`])].join('\n');
}
