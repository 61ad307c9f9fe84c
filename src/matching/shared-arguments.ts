import * as z from 'zod';

/** What people say, as arguments that several workflows take. Empty, it would fit everything or nothing. */

export const words = z.string().trim().min(1, 'must not be empty').max(100);
export const customer = z.string().trim().min(1, 'must not be empty').max(200).describe('Name, e-mail or id.');
