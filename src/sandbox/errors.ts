/** A refusal in Zoho's words: HTTP status, and the envelope's code and message. Throwing it rolls the request back. */
export class ZohoError extends Error {
  readonly status: number;
  readonly code: number;
  readonly headers: Record<string, string>;

  constructor(status: number, code: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.name = 'ZohoError';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

// --- Known from Zoho docs or live recordings --------------------------------------------------------------------

export const badToken = (): ZohoError =>
  new ZohoError(
    401,
    14,
    'The request could not be authenticated as the authentication value you entered is invalid. ' +
      'Enter a valid authentication value and try again.',
  );
export const scopeMissing = (): ZohoError => new ZohoError(401, 57, 'You are not authorized to perform this operation');
export const wrongOrganization = (): ZohoError =>
  new ZohoError(400, 6041, 'This user is not associated with the CompanyID/CompanyName:104.');
export const badUrl = (): ZohoError => new ZohoError(404, 5, 'Invalid URL Passed');
/** A malformed id, or a sub-resource that does not exist (live recording; Zoho writes it without the apostrophe). */
export const noResource = (): ZohoError =>
  new ZohoError(404, 5, 'We couldnt find any resource for the given ID. Please verify the ID and try again.');
export const missing = (what: string): ZohoError => new ZohoError(404, 1002, `${what} does not exist.`);
export const invalidValue = (field: string): ZohoError => new ZohoError(400, 2, `Invalid value passed for ${field}`);
export const tooLong = (field: string, max: number): ZohoError =>
  new ZohoError(400, 15, `Please ensure that the "${field}" has less than ${max} characters.`);
export const customerWrong = (): ZohoError =>
  new ZohoError(400, 3004, 'The Customer field can neither be blank nor incorrect. Please enter a correct Customer');
export const overApplied = (): ZohoError =>
  new ZohoError(400, 24016, 'The amount entered is more than the balance due for the selected invoices.');
export const retainerInPart = (): ZohoError =>
  new ZohoError(400, 9521, 'Partial payment for retainer invoice is not allowed. Please record the full payment');
export const retainerAmountFixed = (): ZohoError =>
  new ZohoError(400, 9523, 'Payment amount made to retainer invoice cannot be changed. You could instead delete it and add it back');
export const tooManyPerMinute = (): ZohoError =>
  new ZohoError(
    429,
    44,
    'For security reasons your organization has been blocked as it have exceeded ' +
      'the maximum number of requests per minute that can originate from an organization.',
  );
export const tooManyPerDay = (limit: number): ZohoError =>
  new ZohoError(429, 45, `The API call for this organization has exceeded the maximum call rate limit of ${limit}.`);
export const tooManyAtOnce = (): ZohoError =>
  new ZohoError(429, 1070, 'You have reached the maximum number of in process requests allowed. Kindly try again after some time.');
export const internalError = (): ZohoError => new ZohoError(500, 1000, 'Internal error');

// --- Partly known: a live message, but the number or the wording is a guess ---------------------------------------

/** The message is live; the number is a guess. */
export const badJson = (): ZohoError => new ZohoError(400, 4, 'JSON is not well formed');
/** The HTTP status is from Zoho docs; the number and the message are a guess. */
export const wrongMethod = (method: string, allow: string): ZohoError =>
  new ZohoError(405, 37, `The HTTP method ${method} is not allowed for the requested resource`, { allow });
/** The number and the end of the message are live; the HTTP status and the beginning are a guess. */
export const duplicateUnique = (label: string, value: string): ZohoError =>
  new ZohoError(400, 120303, `The ${label} "${value}" has been added already`);

// --- INVENTED: a rule of Zoho, or a result of such a rule, whose code and message are unknown ----------------------
// No Zoho document or recording has the numbers 90001 and above, so a client that relies on these numbers is easy to find.

/** invented */
export const required = (field: string): ZohoError => new ZohoError(400, 90001, `Please enter a value for ${field}.`);
/** invented */
export const refundTooLarge = (): ZohoError =>
  new ZohoError(400, 90002, 'The refund amount is more than the unused amount of this payment.');
/** invented: the payment has enough money, but it is applied to invoices */
export const refundOfApplied = (): ZohoError =>
  new ZohoError(400, 90003, 'This payment has no excess amount. The amount applied to invoices cannot be refunded.');
/** invented */
export const deleteRefunded = (): ZohoError =>
  new ZohoError(400, 90004, 'This payment has been refunded and cannot be deleted. Delete its refunds first.');
/** invented */
export const appliedOverAmount = (): ZohoError =>
  new ZohoError(400, 90005, 'The total of the amounts applied to invoices is more than the amount of the payment.');
/** invented */
export const amountBelowUsed = (): ZohoError =>
  new ZohoError(400, 90006, 'The amount cannot be less than what has been applied to invoices and refunded.');
/** invented */
export const customerOfRefunded = (): ZohoError =>
  new ZohoError(400, 90007, 'The customer of a payment that has been applied or refunded cannot be changed.');
/** invented */
export const invoiceVoid = (): ZohoError => new ZohoError(400, 90008, 'A payment cannot be applied to a void invoice.');
/** invented */
export const accountCurrency = (): ZohoError =>
  new ZohoError(400, 90009, 'The currency of the account must be the base currency or the currency of the payment.');
/** invented */
export const accountWrong = (field: string): ZohoError =>
  new ZohoError(400, 90010, `The account given in ${field} does not exist or is not active.`);
/** invented */
export const deleteMatched = (): ZohoError =>
  new ZohoError(400, 90011, 'This payment has been matched with a bank transaction and cannot be deleted. Unmatch it first.');
