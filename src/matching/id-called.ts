import { AccessError, InputError } from '../errors.ts';
import { recordNameAndId } from '../records/describe.ts';
import { quoted } from '../records/text.ts';
import { exactOrOnly, fits, folded } from './same-name.ts';

/** A record of a short list by its name: an account, a location. */

interface NameAndId {
  readonly name: string | undefined;
  readonly id: string | undefined;
}

/** The id of the one that is called so. `all` are those that may be meant, `kind` says what they are, `field` is the argument; `closed` are named only. */
export function idCalled(
  typed: string,
  all: readonly NameAndId[],
  {
    what,
    kind,
    field,
    closed = [],
  }: {
    readonly what: 'account' | 'location';
    readonly kind: string;
    readonly field: string;
    readonly closed?: readonly NameAndId[];
  },
): string {
  const isCalled = ({ name }: NameAndId) => folded(name) === folded(typed) || fits(typed, name);
  const found = all.filter(isCalled);
  const id = exactOrOnly(typed, found, ({ name }) => name)?.id;
  if (id !== undefined) return id;
  const offered = (found.length > 0 ? found : all).slice(0, 10).map((one) => recordNameAndId(what, one.name, one.id, 40));
  const ended = closed.filter(isCalled).map((one) => ` ${recordNameAndId(what, one.name, one.id, 40)} is closed.`);
  throw new InputError(
    found.length > 0
      ? `Several ${what}s are called something like ${quoted(typed)}.`
      : `No ${kind} is called ${quoted(typed)}.${ended.slice(0, 3).join('')}`,
    {
      code: found.length > 0 ? `ambiguous_${what}` : what === 'account' ? 'no_such_account' : 'no_such_location',
      next: `Call again with one of these as ${field}: ${offered.join(', ')}. If it is not clear which one is meant, ask the user.`,
    },
  );
}

/** What names are looked up in. Where the scopes do not show it, an id is still taken. */
export async function orGiveId<T>(names: Promise<T>, field: string): Promise<T> {
  try {
    return await names;
  } catch (error) {
    if (!(error instanceof AccessError) || error.code !== 'scope_missing') throw error;
    const { message, code, next, zoho } = error;
    throw new AccessError(`${message} Without it, call again with the id as ${field} instead of the name.`, {
      code,
      next,
      zoho,
      cause: error,
    });
  }
}
