import { AccessError, InputError } from '../errors.ts';

/** Undefined where the token's scopes do not allow the read; what rests on it is then named as not checked. */
export async function ifAllowed<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof AccessError && error.code === 'scope_missing') return undefined;
    throw error;
  }
}

/** The same for settings that not every organization or edition serves: no such address is no such setting. */
export async function ifServed<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await ifAllowed(read);
  } catch (error) {
    if (error instanceof InputError && error.code === 'not_found') return undefined;
    throw error;
  }
}
