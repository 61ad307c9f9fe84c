import type { Judged } from './concern.ts';
import { retryOf, type ErrorCode, type Retry } from './error-codes.ts';
import { cutLine, oneLine } from './foreign-text.ts';
import type { Step } from './report.ts';

/**
 * Error classes, one for each party that must act next. An error says what happened, whether anything changed, what the next step is, and
 * whether and when to retry. `mcp/render.ts` and `cli/render.ts` turn errors into text.
 */

/** Who must act next. */
export type Actor = 'model' | 'user' | 'operator' | 'nobody' | 'maintainer';

/** Whether Zoho's records may have changed. */
export type Changed = 'no' | 'yes' | 'unknown';

/** Zoho's own code and message, for questions to Zoho's support. */
export interface ZohoRefusal {
  readonly code: number | string;
  readonly message: string;
}

interface Details {
  /** A stable code in snake_case. */
  readonly code: ErrorCode;
  /**
   * The next step. For the operator, it completes "Ask the operator to …" ("check the setting"); otherwise it is an instruction. Several
   * steps are alternatives, the best first.
   */
  readonly next: string | Step | readonly (string | Step)[];
  /** What the operator can do if a retry does not help. */
  readonly ifItStays?: string | undefined;
  /** The earliest useful time for a retry, if known. */
  readonly retryAt?: Date | undefined;
  readonly changed?: Changed;
  readonly zoho?: ZohoRefusal | undefined;
  /** Ids of the possible duplicates that the policy refuses. */
  readonly duplicates?: readonly string[] | undefined;
  readonly cause?: unknown;
  readonly judged?: Judged;
}

export abstract class PaymentsError extends Error {
  abstract readonly actor: Actor;
  readonly code: ErrorCode;
  readonly next: readonly Step[];
  readonly ifItStays: string | undefined;
  readonly changed: Changed;
  /** A retry before this time is useless. */
  retryAt: Date | undefined;
  readonly zoho: ZohoRefusal | undefined;
  readonly duplicates: readonly string[] | undefined;
  /** Consent and concerns of the write that ended with this error. */
  judged?: Judged;
  /** Ids that the user chose during this call, by argument. */
  chosen?: Readonly<Record<string, string>>;

  constructor(message: string, { code, next, ifItStays, changed = 'no', retryAt, zoho, duplicates, cause, judged }: Details) {
    super(message, { cause });
    this.name = new.target.name;
    this.code = code;
    this.next = [next].flat().map((step) => (typeof step === 'string' ? { say: step } : step));
    this.ifItStays = ifItStays;
    this.changed = changed;
    this.retryAt = retryAt;
    this.zoho = zoho;
    this.duplicates = duplicates;
    if (judged !== undefined) this.judged = judged;
  }

  /** Maximum length of the shown message. */
  get mostCharacters(): number {
    return 1000;
  }

  /** The message as one line. A message that was cut ends with the number of characters that it had. */
  get shownMessage(): string {
    return cutLine(this.message, this.mostCharacters);
  }

  /** The message with Zoho's own words quoted, as one line. */
  get whatHappened(): string {
    if (this.zoho === undefined) return this.shownMessage;
    return `${this.shownMessage} Zoho says: ${JSON.stringify(oneLine(this.zoho.message))} (Zoho code ${this.zoho.code}).`;
  }

  /** Whether a retry can help. If something may have changed, only `outcome_unknown` allows a retry, because it looks for the write. */
  get retry(): Retry {
    return this.changed === 'no' || this.code === 'outcome_unknown' ? retryOf(this.code) : 'never';
  }
}

/** The model must act: the call itself was wrong. */
export class InputError extends PaymentsError {
  readonly actor = 'model';
}
/** A name fits several records. The model shows them to the user, or the client asks the user. */
export class WhichError extends InputError {
  /** The argument that was ambiguous. */
  readonly field: Ambiguous;
  readonly choices: readonly Choice[];
  /** How many records are not in `choices`. */
  readonly more: number;
  /** The question without the choices. */
  readonly question: string;

  constructor(
    question: string,
    { field, choices, more = 0 }: { readonly field: Ambiguous; readonly choices: readonly Choice[]; readonly more?: number },
  ) {
    const numbered = choices.map(({ id, text }, i) => `${i + 1}. ${text} (id ${id})`);
    super(`${question} ${numbered.join('; ')}${more > 0 ? `; and ${more} more` : ''}.`, {
      code: `ambiguous_${field}`,
      next: `Ask the user which one, then call again with its id as ${field}. Never pick one yourself. ${NONE_OF_THEM[field]}`,
    });
    this.field = field;
    this.choices = choices;
    this.more = more;
    this.question = question;
  }

  /** Longer than other messages, because a cut list of choices is useless. */
  override get mostCharacters(): number {
    return 4000;
  }
}

type Ambiguous = 'customer' | 'payment';

const NONE_OF_THEM: Readonly<Record<Ambiguous, string>> = {
  customer: 'If none of them fits, a new customer must first be created in Zoho Books.',
  payment: 'Perhaps none of them is meant.',
};

/** One of several records, with text that distinguishes it from the others. */
export interface Choice {
  readonly id: string;
  readonly text: string;
}
/** The user must decide, because the call is not allowed or not possible in the books as it is. */
export class RefusedError extends PaymentsError {
  readonly actor = 'user';
}
/** Nobody must act: the user said no or did not answer. */
export class DeclinedError extends PaymentsError {
  readonly actor = 'nobody';
}
/** The operator must act: credentials, scopes, organization or configuration. */
export class AccessError extends PaymentsError {
  readonly actor = 'operator';
}
/** Nobody must act yet: the same call may work later. */
export class BusyError extends PaymentsError {
  readonly actor = 'nobody';
}
/** The maintainer must act: this server has a bug. */
export class InternalError extends PaymentsError {
  readonly actor = 'maintainer';

  constructor(changed: Changed, cause: unknown) {
    super('This server failed because of a bug.', {
      code: 'internal_error',
      changed,
      next:
        changed === 'no' ? 'Tell the user. The same call may fail again.' : 'Do not repeat the call. Check whether the change was made.',
      cause,
    });
  }
}
/** A request was sent, but its answer never arrived. Before any other write, somebody must find out whether Zoho carried it out. */
export class OutcomeUnknownError extends PaymentsError {
  readonly actor = 'nobody';
  /** The id of the write in the journal, if it has an entry. */
  readonly entry: string | undefined;
  /** The record that an incomplete answer named. */
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
