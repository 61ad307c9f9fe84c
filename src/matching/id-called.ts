import { AccessError, InputError } from '../errors.ts';
import { recordNameAndId } from '../records/describe.ts';
import { quoted } from '../records/text.ts';
import { exactOrOnly, fits, folded } from './same-name.ts';

/** Finds the id of an account or a location by its name, in a short list. */

const noneOf = { account: 'no_such_account', location: 'no_such_location' } as const;
type Listed = keyof typeof noneOf;

interface NameAndId {
  readonly name: string | undefined;
  readonly id: string | undefined;
}

/**
 * Returns the id of the record with this name. `all`: the records to choose from. `closed`: closed records, which are only named in errors.
 * `kind`: the kind of record, for messages. `field`: the argument that holds the name.
 */
export function idCalled(
  typed: string,
  all: readonly NameAndId[],
  {
    what,
    kind,
    field,
    closed = [],
  }: { readonly what: Listed; readonly kind: string; readonly field: string; readonly closed?: readonly NameAndId[] },
): string {
  const found = all.filter(({ name }) => isCalledLike(typed, name));
  const id = exactOrOnly(typed, found, ({ name }) => name)?.id;
  if (id !== undefined) return id;
  if (found.length > 0) throw severalCalled(typed, found, { what, field });
  const ended = closed
    .filter(({ name }) => isCalledLike(typed, name))
    .map((one) => ` ${recordNameAndId(what, one.name, one.id, 40)} is closed.`);
  throw new InputError(`No ${kind} is called ${quoted(typed)}.${ended.slice(0, 3).join('')}`, {
    code: noneOf[what],
    next: stepToOneOf(all, { what, field }),
  });
}

/** True if the words fit the name, or both are equal. A name without words, such as "???", fits only itself. */
export const isCalledLike = (typed: string, name: unknown): boolean => folded(name) === folded(typed) || fits(typed, name);

export function severalCalled(
  typed: string,
  found: readonly NameAndId[],
  as: { readonly what: Listed; readonly field: string },
): InputError {
  return new InputError(`Several ${as.what}s have a name like ${quoted(typed)}.`, {
    code: `ambiguous_${as.what}`,
    next: stepToOneOf(found, as),
  });
}

function stepToOneOf(all: readonly NameAndId[], { what, field }: { readonly what: Listed; readonly field: string }): string {
  const offered = all.slice(0, 10).map(({ name, id }) => recordNameAndId(what, name, id, 40));
  return `Call again with one of these as ${field}: ${offered.join(', ')}. If you are not sure which one, ask the user.`;
}

/** Reads the list in which a name is looked up. If the scopes do not show the list, the error says that an id still works. */
export async function orGiveId<T>(names: Promise<T>, field: string): Promise<T> {
  try {
    return await names;
  } catch (error) {
    if (!(error instanceof AccessError) || error.code !== 'scope_missing') throw error;
    const { message, code, next, zoho } = error;
    throw new AccessError(`${message} Or call again with the id as ${field} instead of the name.`, {
      code,
      next,
      zoho,
      cause: error,
    });
  }
}
