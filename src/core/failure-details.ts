/** A failure as it is kept in history: data, readable by the other Durable Task SDKs. Not an `Error`. */
export interface FailureDetails {
  /** The error's class name, for example `TypeError`. */
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stackTrace?: string | undefined;
  readonly innerFailure?: FailureDetails | undefined;
  /** A retry policy gives up at once. */
  readonly isNonRetriable: boolean;
  /** JSON values that the failing code attached. */
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
}
