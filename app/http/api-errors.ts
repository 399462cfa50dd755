/** Every error of the JSON API, and the only place that names them. */

interface ApiError {
  status: number;
  /** one sentence for people, unless the handler has something more specific to say */
  error: string;
  /** for the documentation: when it occurs, and what to do about it */
  means: string;
}

const errors = {
  not_authenticated: {
    status: 401,
    error: "Not authenticated",
    means: "There is no session and no valid token, or the email or password is incorrect.",
  },
  phone_number_required: {
    status: 400,
    error: "Phone number is required",
    means: "The body names no number.",
  },
  phone_number_not_available: {
    status: 400,
    error: "Phone number not available",
    means: "Nobody can have the number: it is unknown or taken. Ask for the list again.",
  },
  company_already_has_phone_number: {
    status: 400,
    error: "Company already has a phone number",
    means: "A number is for ever. `phone_number` is the one that the company has.",
  },
  assignment_budget: {
    status: 429,
    error: "Too many phone numbers have been assigned. Try again later.",
    means: "The budget of assignments is spent for now; `Retry-After` says until when.",
  },
  email_not_verified: {
    status: 403,
    error: "Verify your email address first",
    means: "The service wants the company's email verified before it assigns a number.",
  },
  account_closed: {
    status: 403,
    error: "This account is closed for now",
    means: "Email and password are right, and the operator has frozen the account.",
  },
  email_taken: {
    status: 409,
    error: "An account with this email address already exists",
    means: "The email is another account's.",
  },
  invalid_fields: {
    status: 400,
    error: "Some fields are missing or wrong",
    means: "`fields`, if present, says what is wrong with each.",
  },
  invalid_query: {
    status: 400,
    error: "The query is not valid",
    means: "A parameter of the address is not as documented.",
  },
  invalid_json: {
    status: 400,
    error: "The body is not valid JSON",
    means: "The body is not JSON, or not an object.",
  },
  unsupported_media_type: {
    status: 415,
    error: "Send JSON, with Content-Type: application/json",
    means: "The body is of a type other than `application/json`.",
  },
  too_large: {
    status: 413,
    error: "The body may have 16 KiB at most",
    means: "The body is over 16 KiB.",
  },
  method_not_allowed: {
    status: 405,
    error: "Method not allowed",
    means: "The path has other methods; `Allow` lists them.",
  },
  not_found: {
    status: 404,
    error: "Not found",
    means: "There is no such path, or the company has no such thing.",
  },
  cross_site: {
    status: 403,
    error: "Requests from other sites are refused",
    means: "Another site's page sent the request along with a session cookie.",
  },
  rate_limited: {
    status: 429,
    error: "Too many requests. Try again in a moment.",
    means: "Too many attempts or requests; `Retry-After` says until when.",
  },
  insufficient_scope: {
    status: 403,
    error: "The token may not do this",
    means: "The token lacks the scope that the error names.",
  },
  idempotency_key_reused: {
    status: 422,
    error: "This Idempotency-Key was used for another request",
    means: "The key belongs to a request with another path or body. Use a new key.",
  },
  in_progress: {
    status: 409,
    error: "A request with this Idempotency-Key is in progress. Try again in a moment.",
    means: "The same request is in progress. Send it again, with the same key.",
  },
  unavailable: {
    status: 503,
    error: "The service is not available right now. Try again in a moment.",
    means: "The database is away. Send the request again after `Retry-After` seconds.",
  },
  internal: {
    status: 500,
    error: "Something went wrong on our side. Try again later.",
    means: "A fault of ours; it is in our log under `X-Request-Id`.",
  },
} satisfies Record<string, ApiError>;

/** The `code` of an answer, by which programs tell errors apart. */
export type ErrorCode = keyof typeof errors;

export const apiErrors: Readonly<Record<ErrorCode, ApiError>> = errors;

export const errorCodes = Object.keys(errors) as ErrorCode[];
