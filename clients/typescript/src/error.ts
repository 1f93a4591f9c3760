/**
 * What went wrong, for programs. The server's own words first (docs/errors.md), then one for each status that has
 * none. The list is open: a server may know words that this client does not.
 */
export type HardtackErrorCode =
  | "token_not_valid"
  | "user_not_found"
  | "user_inactive"
  | "bad_authorization_header"
  | "wrong_host"
  | "invalid"
  | "throttled"
  | "unavailable"
  | "refused"
  | "network"
  | "timeout"
  | (string & {});

/** The one error that this package throws; an abort is thrown as the platform does. */
export class HardtackError extends Error {
  /** One word for programs. */
  declare readonly code: HardtackErrorCode;
  /** The HTTP status; 0 when there was no answer. */
  declare readonly status: number;
  /** What is wrong with a form, by field; what belongs to no field is under `non_field_errors`. */
  declare readonly fields: Readonly<Record<string, readonly string[]>>;
  /** Seconds after which it may be tried again, where the server said so. */
  declare readonly retryAfter?: number | undefined;

  /** `message` is one sentence for people. */
  constructor(
    code: HardtackErrorCode,
    message: string,
    more?: Partial<Pick<HardtackError, "status" | "fields" | "retryAfter">>,
  ) {
    super(message);
    Object.assign(this, { name: "HardtackError", code, status: 0, fields: {} }, more);
  }
}

/** The error that an answer tells. Reads its body. */
export async function errorOf(response: Response): Promise<HardtackError> {
  const { status } = response;
  const { detail, code, ...fields } = await response.json().catch(() => null) ?? {};
  return new HardtackError(
    typeof code === "string" ? code : status > 499 ? "unavailable" : status === 429 ? "throttled" : status > 400 ? "refused" : "invalid",
    typeof detail === "string" ? detail : Object.values(fields).join(" "),
    { status, fields, retryAfter: +response.headers.get("Retry-After")! || undefined },
  );
}

/** The error of a request that was not answered. */
export const unanswered = (error: unknown): HardtackError => error instanceof HardtackError ? error
  : new HardtackError((error as Error | null)?.name === "TimeoutError" ? "timeout" : "network", "no answer");
