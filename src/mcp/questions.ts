import type { ElicitRequestFormParams } from '@modelcontextprotocol/server';
import { NONE_OF_THESE } from '../write/repeated-call.ts';
import type { Settling } from '../write/types.ts';

/** The forms that the client shows to the user. */

export const CONSENT_KEY = 'consent';
export const CHOICE_KEY = 'which';

/** A form and its sealed state. */
export interface Question extends Pick<ElicitRequestFormParams, 'message' | 'requestedSchema'> {
  readonly key: typeof CONSENT_KEY | typeof CHOICE_KEY;
  readonly state: string;
}

export function consentQuestion(message: string, state: string): Question {
  const approve = { type: 'boolean' as const, title: 'Yes, do exactly this' };
  return { key: CONSENT_KEY, message, requestedSchema: { type: 'object', properties: { approve }, required: ['approve'] }, state };
}

/** The first revision whose forms can have titles for choices. In older revisions, some hosts show `enumNames`, others only the ids. */
const TITLED_CHOICES = '2025-11-25';

/** Makes the form with the candidates. Its message lists them too, for hosts that show only ids. */
export function choiceQuestion({ question, choices, more = 0, state }: Settling, revision: string | undefined): Question {
  const rows = choices.map(({ id, text }) => ({ const: id, title: text.includes(id) ? text : `${text} (id ${id})` }));
  const all = [...rows, { const: NONE_OF_THESE, title: 'None of these' }];
  const which = {
    type: 'string' as const,
    title: 'Which one is it?',
    ...(revision !== undefined && revision >= TITLED_CHOICES
      ? { oneOf: all }
      : { enum: all.map((row) => row.const), enumNames: all.map(({ title }) => title) }),
  };
  const message = [
    question,
    ...all.map(({ title }, i) => `${i + 1}. ${title}`),
    ...(more > 0 ? [more === 1 ? 'There is 1 more that is not shown.' : `There are ${more} more that are not shown.`] : []),
  ].join('\n');
  return { key: CHOICE_KEY, message, requestedSchema: { type: 'object', properties: { which }, required: ['which'] }, state };
}
