import type { Plan } from './plan.ts';
import type { Remains } from './run.ts';

/** Prints a run for a person to read: the schedule, and what happened. */

export function scheduleOf({ seed, processes, mode, policy, uniqueField, servers, intents, phases }: Plan): string[] {
  const list = (name: string, items: readonly unknown[]) => items.map((item, n) => `  ${name} ${n}: ${JSON.stringify(item)}`);
  const unique = uniqueField === undefined ? '' : `, unique field ${uniqueField}`;
  return [
    `seed ${seed}: mode ${mode}, policy ${JSON.stringify(policy)}${processes ? ', in processes' : ''}${unique}`,
    ...list('server', servers),
    ...list('intent', intents),
    ...phases.flatMap(({ restarts, longAfter, ...happenings }, n) => {
      const anew = restarts.length > 0 ? `, servers restart: ${restarts.join(', ')}` : '';
      return [
        `  phase ${n}${anew}${longAfter ? '; then the grace period passes' : ''}`,
        ...Object.entries(happenings).flatMap(([name, items = []]) => list(`  ${name}`, items)),
      ];
    }),
  ];
}

/** All events in the order of time, by the server's clock. */
export function storyOf({ plan, calls, asked, requests, events, aheadOfZoho }: Remains): string[] {
  const told = calls.map(({ began, ended, server, intent, altered, key, allowed, told }) => {
    const keyed = key === undefined ? '' : `, ${key}`;
    const means = allowed.length > 0 ? `, confirms ${allowed.join()}` : '';
    const call = `server ${server}, intent ${intent}${altered ? ' (altered)' : ''}${keyed}${means}`;
    return { at: ended, text: `call     ${call}, ${ended - began} ms: ${JSON.stringify(told)}` };
  });
  const answers = asked.map(({ at, decision, question }) => ({ at, text: `answer   ${decision} to ${JSON.stringify(question)}` }));
  const arrivals = requests
    .filter(({ method, fault }) => method !== 'GET' || fault !== null)
    .map(({ time, method, path, body, status, code, fault, applied, headers }) => {
      const by = headers['user-agent'] === 'bookkeeper' ? '(by hand) ' : '';
      const faulty = fault === null ? '' : `, ${fault}`;
      const changed = applied.length > 0 ? `, changed ${applied.join()}` : '';
      return {
        at: Date.parse(time) + aheadOfZoho,
        text: `request  ${by}${method} ${path} ${JSON.stringify(body)}: ${status} ${code}${faulty}${changed}`,
      };
    });
  const written = events.map(({ at, entry, type, data }) => ({
    at: Date.parse(at),
    text: `journal  ${entry ?? ''} ${type} ${JSON.stringify(data).slice(0, 200)}`,
  }));
  const story = [...told, ...answers, ...arrivals, ...written].toSorted((a, b) => a.at - b.at);
  return [...scheduleOf(plan), '', ...story.map(({ at, text }) => `${new Date(at).toISOString().slice(14, 23)} ${text}`)];
}
