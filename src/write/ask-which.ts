import { DeclinedError, type WhichError } from '../errors.ts';
import { isOfProgram, type Person } from './confirm.ts';
import { NONE_OF_THESE, readChoice } from './repeated-call.ts';
import { digestOf, type Seal } from './seal.ts';
import type { Road, Settling } from './types.ts';

/** Which record a name means, where it fits several: a question to the person, whose answer comes back with the call. */

/** The same person, with what they chose in this round and in those before. */
export function withChoices(person: Person, intent: string, { seal, timings }: Pick<Road, 'seal' | 'timings'>): Person {
  const opened = person.state === undefined ? undefined : seal.open(person.state);
  if (opened?.kind !== 'good') return person;
  const { chosen, asks, offered = [], digest } = opened.sealed;
  // Another way to choose is left: the candidates go to the model, who asks in the conversation.
  if (person.choice !== undefined && isOfProgram(person, { timings })) return { canBeAsked: false, approval: person.approval, chosen };
  // A choice answers the call that it was asked for, and no other.
  if (asks === undefined || person.choice === undefined || digest !== digestOf(['which', asks, intent])) return { ...person, chosen };
  const choice = readChoice(person.choice, offered);
  if (choice === undefined) throw notSaid(asks);
  if (choice === NONE_OF_THESE) throw noneOfThem(asks);
  // Spent here: it answers nothing else.
  return { canBeAsked: person.canBeAsked, approval: person.approval, chosen: { ...chosen, [asks]: choice } };
}

export function askWhich({ question, field, choices, more }: WhichError, { chosen }: Person, intent: string, seal: Seal): Settling {
  const offered = choices.map(({ id }) => id);
  const state = seal.close(digestOf(['which', field, intent]), 1, { chosen, asks: field, offered }).token;
  return { kind: 'settle', question, choices, more, state };
}

function noneOfThem(field: string): DeclinedError {
  return new DeclinedError(`The user was shown each ${field} that could be meant, and it is none of them.`, {
    code: 'none_chosen',
    next: `Ask the user in the conversation for the whole name or number of the ${field}.`,
  });
}

function notSaid(field: string): DeclinedError {
  return new DeclinedError(`The user was asked which ${field} is meant, and did not answer.`, {
    code: 'none_chosen',
    next: `Ask the user in the conversation which ${field} it is; with the same call again they are shown the choices once more.`,
  });
}
