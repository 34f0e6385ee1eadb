import type { RequestOf, ResponseInit, UnaryMethodName } from "../service/service-definition.ts";

/** What a call that answers once is told beside its request. */
export interface CallScope {
  /**
   * Aborts when nobody waits for the answer any more: the call was cancelled, its time is over, or the server stops. Made
   * when it is first read.
   */
  readonly signal: AbortSignal;
}

/** Answers a call, or rejects with a `DurableError`. */
export type UnaryCall<Name extends UnaryMethodName> = (
  request: RequestOf<Name>,
  scope: CallScope,
) => Promise<ResponseInit<Name>>;

/** Some calls of the service by their names. */
export type UnaryCalls<Names extends UnaryMethodName> = { readonly [Name in Names]: UnaryCall<Name> };
