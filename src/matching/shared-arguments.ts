import * as z from 'zod';

/** Text arguments that several workflows share. They must not be empty, because empty text would match everything or nothing. */

export const words = z.string().trim().min(1, 'must not be empty').max(100);
export const customer = z.string().trim().min(1, 'must not be empty').max(200).describe('Name, e-mail or id.');
