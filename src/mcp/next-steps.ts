import { endpoints } from '../endpoints/index.ts';
import { BETWEEN_STEPS, NEXT } from '../endpoints/words.ts';
import { workflows } from '../workflows/index.ts';

/** Declarations offer next steps with whatever tools there can be; which are switched on is only known here. */

const names = [...endpoints, ...workflows].map(({ name }) => name);

/** Texts without the steps whose tool is not `there`. */
export function offeringOnly(there: ReadonlySet<string>): (text: string) => string {
  const absent = names.filter((name) => !there.has(name));
  if (absent.length === 0) return (text) => text;
  const isAbsent = new RegExp(`\\b(${absent.join('|')})\\b`);
  const ofThose = (line: string) => {
    if (!line.startsWith(NEXT)) return line;
    const steps = line
      .slice(NEXT.length)
      .split(BETWEEN_STEPS)
      .filter((step) => !isAbsent.test(step));
    return steps.length === 0 ? undefined : NEXT + steps.join(BETWEEN_STEPS);
  };
  return (text) =>
    text
      .split('\n')
      .map(ofThose)
      .filter((line) => line !== undefined)
      .join('\n');
}
