import { DeclinedError, type WhichError } from '../errors.ts';
import { inQuotes } from '../foreign-text.ts';
import type { Json } from '../json.ts';
import type { Chosen } from '../workflow.ts';
import { isOfProgram, type Person } from './confirm.ts';
import { DECLINED, NONE_OF_THESE, readChoice } from './repeated-call.ts';
import { digestOf, type Seal } from './seal.ts';
import type { Road, Settling } from './types.ts';

/** Asks the user which record is meant if a name fits several records. The answer comes with the next call. */

/** Adds to the person the records that they chose in this round and in earlier rounds. Throws DeclinedError if they chose none. */
export function withChoices(person: Person, intent: string, { seal, timings }: Pick<Road, 'seal' | 'timings'>): Person {
  const opened = person.state === undefined ? undefined : seal.open(person.state);
  if (opened?.kind !== 'good') return person;
  const { chosen, asks, offered = [], digest } = opened.sealed;
  // A program answered, not the user. So the candidates go to the model, which can ask the user in the conversation.
  if (person.choice !== undefined && isOfProgram(person, { timings })) return { canBeAsked: false, approval: person.approval, chosen };
  // A choice is valid only for the call that it was asked for.
  if (asks === undefined || person.choice === undefined || digest !== digestOf(['which', asks, intent])) return { ...person, chosen };
  if (person.choice === DECLINED) throw declinedChoice(asks);
  const choice = readChoice(person.choice, offered);
  if (choice === undefined) throw notSaid(asks);
  if (choice === NONE_OF_THESE) throw noneOfThem(asks);
  // The choice is removed from the person, so that it cannot answer another question.
  return { canBeAsked: person.canBeAsked, approval: person.approval, chosen: { ...chosen, [asks]: choice } };
}

/** The records that the user chose, for the answer and the journal. */
export function choicesInWords(chosen: Chosen, input: Json): string[] {
  return Object.entries(chosen).map(([field, id]) => {
    const typed = input[field];
    return `The user chose the ${field} with the id ${id}${typeof typed === 'string' ? ` for ${inQuotes(typed, 100)}` : ''}.`;
  });
}

export function askWhich({ question, field, choices, more }: WhichError, { chosen }: Person, intent: string, seal: Seal): Settling {
  const offered = choices.map(({ id }) => id);
  const state = seal.close(digestOf(['which', field, intent]), 1, { chosen, asks: field, offered }).token;
  return { kind: 'settle', question, choices, more, state };
}

function declinedChoice(field: string): DeclinedError {
  return new DeclinedError(`The user was asked which ${field} is meant, and declined.`, {
    code: 'declined',
    next: 'Do not try again. Ask the user what they want instead.',
  });
}

function noneOfThem(field: string): DeclinedError {
  return new DeclinedError(`The user saw each ${field} that fits, and chose none of them.`, {
    code: 'none_chosen',
    next: `Ask the user in the conversation for the full name or number of the ${field}.`,
  });
}

function notSaid(field: string): DeclinedError {
  return new DeclinedError(`The user was asked which ${field} is meant, and did not answer.`, {
    code: 'none_chosen',
    next: `Ask the user in the conversation which ${field} it is. To show the choices once more, make the same call again.`,
  });
}
