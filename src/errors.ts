import type { Judged } from './concern.ts';
import { oneLine } from './foreign-text.ts';

/**
 * A handful of errors, one class per who must act next. Each says in four short lines what happened, whether
 * anything changed, what to do next, and a stable code.
 */

/** Whether the books may have moved. */
export type Changed = 'no' | 'yes' | 'unknown';

/** What Zoho itself said, kept so that support can be asked about it. */
export interface ZohoRefusal {
  readonly code: number | string;
  readonly message: string;
}

interface Details {
  /** Stable, snake_case. */
  readonly code: string;
  /** One action, for the model to take or to pass on. */
  readonly next: string;
  readonly changed?: Changed;
  readonly zoho?: ZohoRefusal | undefined;
  readonly cause?: unknown;
  readonly judged?: Judged;
}

const changedLine: Record<Changed, string> = {
  no: 'Nothing was changed.',
  yes: 'The change was made.',
  unknown: 'Whether anything was changed is unknown.',
};

export abstract class PaymentsError extends Error {
  readonly code: string;
  readonly next: string;
  readonly changed: Changed;
  readonly zoho: ZohoRefusal | undefined;
  /** Of the write that ended with it, once it was judged. */
  judged?: Judged;

  constructor(message: string, { code, next, changed = 'no', zoho, cause, judged }: Details) {
    super(message, { cause });
    this.name = new.target.name;
    this.code = code;
    this.next = next;
    this.changed = changed;
    this.zoho = zoho;
    if (judged !== undefined) this.judged = judged;
  }

  /** Of its message, as it is shown. */
  get mostCharacters(): number {
    return 1000;
  }

  /** What happened, with Zoho's own words quoted: one line. */
  get whatHappened(): string {
    const message = oneLine(this.message, this.mostCharacters);
    if (this.zoho === undefined) return message;
    return `${message} Zoho says: ${JSON.stringify(oneLine(this.zoho.message))} (Zoho code ${this.zoho.code}).`;
  }

  /** The four lines a model reads. */
  get lines(): string {
    return [this.whatHappened, changedLine[this.changed], `Next: ${this.next}`, `(${this.code})`].join('\n');
  }
}

/** The model must act: the call itself was wrong. */
export class InputError extends PaymentsError {}
/** A name that fits several records: the model shows them, or the person is asked which one it is. */
export class WhichError extends InputError {
  /** The argument that was ambiguous. */
  readonly field: string;
  readonly choices: readonly Choice[];
  /** What was said of it, without the choices. */
  readonly question: string;

  constructor(
    question: string,
    { field, choices, more = 0 }: { readonly field: string; readonly choices: readonly Choice[]; readonly more?: number },
  ) {
    const numbered = choices.map(({ id, text }, i) => `${i + 1}. ${text} (id ${id})`);
    super(`${question} ${numbered.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`, {
      code: `ambiguous_${field}`,
      next: `Ask the user which one, then call again with its id as ${field}. Never pick one yourself.`,
    });
    this.field = field;
    this.choices = choices;
    this.question = question;
  }

  /** No choice is of use that is cut in the middle. */
  override get mostCharacters(): number {
    return 4000;
  }
}
/** One of several records, in words that tell it from the others. */
export interface Choice {
  readonly id: string;
  readonly text: string;
}
/** The user must decide: the books do not allow this. */
export class RefusedError extends PaymentsError {}
/** Nobody: a person said no, or was not there to say yes. */
export class DeclinedError extends PaymentsError {}
/** The operator must act: credentials, scopes, organization or configuration. */
export class AccessError extends PaymentsError {}
/** Nobody need act yet: the same call may work later. */
export class BusyError extends PaymentsError {}
/** Whoever maintains this server must act: it failed where it should not have. */
export class InternalError extends PaymentsError {
  constructor(changed: Changed, cause: unknown) {
    super('This server failed in a way that it should not.', {
      code: 'internal_error',
      changed,
      next:
        changed === 'no'
          ? 'Tell the user; the same call may fail again.'
          : 'Do not make the call again. Look first whether it was carried out.',
      cause,
    });
  }
}
/** Look first: a request left, and its answer never came. */
export class OutcomeUnknownError extends PaymentsError {
  /** The write in the journal, where there is one. */
  readonly entry: string | undefined;
  /** The record that a broken answer named, where to look. */
  readonly zoho_id: string | undefined;

  constructor(
    message: string,
    { entry, zoho_id, ...details }: Omit<Details, 'changed' | 'code'> & { readonly entry?: string; readonly zoho_id?: string | undefined },
  ) {
    super(message, { ...details, code: 'outcome_unknown', changed: 'unknown' });
    this.entry = entry;
    this.zoho_id = zoho_id;
  }
}
