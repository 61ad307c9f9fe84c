import type { Judged } from './concern.ts';
import { retryOf, type ErrorCode, type Retry } from './error-codes.ts';
import { cutLine, oneLine } from './foreign-text.ts';
import type { Step } from './report.ts';

/**
 * A handful of errors, one class per who must act next. Each knows what happened, whether anything changed, what to do next, and
 * whether and when the same call may be repeated; how that reads is worded where it is shown.
 */

/** Who must act next. */
export type Actor = 'model' | 'user' | 'operator' | 'nobody' | 'maintainer';

/** Whether the books may have moved. */
export type Changed = 'no' | 'yes' | 'unknown';

/** What Zoho itself said, kept so that support can be asked about it. */
export interface ZohoRefusal {
  readonly code: number | string;
  readonly message: string;
}

interface Details {
  /** Stable, snake_case. */
  readonly code: ErrorCode;
  /**
   * What the one who must act can do. For an operator it is what they are asked to do ("check the setting"), otherwise an instruction.
   * Several are alternatives, the best first.
   */
  readonly next: string | Step | readonly (string | Step)[];
  /** What an operator can do where repeating the call does not help. */
  readonly ifItStays?: string | undefined;
  /** When the same call is worth repeating, where that is known. */
  readonly retryAt?: Date | undefined;
  readonly changed?: Changed;
  readonly zoho?: ZohoRefusal | undefined;
  readonly cause?: unknown;
  readonly judged?: Judged;
}

export abstract class PaymentsError extends Error {
  abstract readonly actor: Actor;
  readonly code: ErrorCode;
  readonly next: readonly Step[];
  readonly ifItStays: string | undefined;
  readonly changed: Changed;
  /** Before this the same call is not worth repeating. */
  retryAt: Date | undefined;
  readonly zoho: ZohoRefusal | undefined;
  /** Of the write that ended with it, once it was judged. */
  judged?: Judged;
  /** Ids that the user chose in questions of this call, by argument. */
  chosen?: Readonly<Record<string, string>>;

  constructor(message: string, { code, next, ifItStays, changed = 'no', retryAt, zoho, cause, judged }: Details) {
    super(message, { cause });
    this.name = new.target.name;
    this.code = code;
    this.next = [next].flat().map((step) => (typeof step === 'string' ? { say: step } : step));
    this.ifItStays = ifItStays;
    this.changed = changed;
    this.retryAt = retryAt;
    this.zoho = zoho;
    if (judged !== undefined) this.judged = judged;
  }

  /** Of its message, as it is shown. */
  get mostCharacters(): number {
    return 1000;
  }

  /** Its message as one line; one that is cut says how long it is. */
  get shownMessage(): string {
    return cutLine(this.message, this.mostCharacters);
  }

  /** What happened, with Zoho's own words quoted: one line. */
  get whatHappened(): string {
    if (this.zoho === undefined) return this.shownMessage;
    return `${this.shownMessage} Zoho says: ${JSON.stringify(oneLine(this.zoho.message))} (Zoho code ${this.zoho.code}).`;
  }

  /** What repeating the call can do. Where a change may have been made, only the code of a write that is looked for allows it. */
  get retry(): Retry {
    return this.changed === 'no' || this.code === 'outcome_unknown' ? retryOf(this.code) : 'never';
  }
}

/** The model must act: the call itself was wrong. */
export class InputError extends PaymentsError {
  readonly actor = 'model';
}
/** A name that fits several records: the model shows them, or the person is asked which one it is. */
export class WhichError extends InputError {
  /** The argument that was ambiguous. */
  readonly field: Ambiguous;
  readonly choices: readonly Choice[];
  /** How many are not among them. */
  readonly more: number;
  /** What was said of it, without the choices. */
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

  /** No choice is of use that is cut in the middle. */
  override get mostCharacters(): number {
    return 4000;
  }
}

type Ambiguous = 'customer' | 'payment';

const NONE_OF_THEM: Readonly<Record<Ambiguous, string>> = {
  customer: 'It may be none of them: a new customer is created in Zoho Books first, not here.',
  payment: 'It may be none of them.',
};

/** One of several records, in words that tell it from the others. */
export interface Choice {
  readonly id: string;
  readonly text: string;
}
/** The user must decide: the books do not allow this. */
export class RefusedError extends PaymentsError {
  readonly actor = 'user';
}
/** Nobody: a person said no, or was not there to say yes. */
export class DeclinedError extends PaymentsError {
  readonly actor = 'nobody';
}
/** The operator must act: credentials, scopes, organization or configuration. */
export class AccessError extends PaymentsError {
  readonly actor = 'operator';
}
/** Nobody need act yet: the same call may work later. */
export class BusyError extends PaymentsError {
  readonly actor = 'nobody';
}
/** Whoever maintains this server must act: it failed where it should not have. */
export class InternalError extends PaymentsError {
  readonly actor = 'maintainer';

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
  readonly actor = 'nobody';
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
