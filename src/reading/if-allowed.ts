import { AccessError, InputError } from '../errors.ts';

/** The read's result. Undefined if the token's scopes do not allow the read: callers then report that the check was not made. */
export async function ifAllowed<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof AccessError && error.code === 'scope_missing') return undefined;
    throw error;
  }
}

/** Like `ifAllowed`, for settings that some organizations or editions lack: "not found" also gives undefined. */
export async function ifServed<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await ifAllowed(read);
  } catch (error) {
    if (error instanceof InputError && error.code === 'not_found') return undefined;
    throw error;
  }
}
