import type { RequestInit, ResponseOf, UnaryMethodName } from "../service/service-definition.ts";

/**
 * One call to the server, whose failure is a DurableError.
 *
 * @param what is asked, for messages
 */
export type UnaryCall = <N extends UnaryMethodName>(
  method: N,
  request: RequestInit<N>,
  what: string,
) => Promise<ResponseOf<N>>;
