/** Sends HTTP requests for durable HTTP. One request, one answer: no redirects, no retries, no cookies. */
export interface HttpTransport {
  /**
   * Resolves once the headers are there.
   *
   * @throws HttpTransportError when there is no answer
   */
  send(request: TransportRequest): Promise<TransportResponse>;
}

/** A request of durable HTTP. */
export interface TransportRequest {
  /** GET, POST and so on. */
  readonly method: string;
  /** Where it goes. */
  readonly url: URL;
  /** Headers by name. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as text; absent without one. */
  readonly body: string | undefined;
  /** Aborts the request and the reading of its answer. */
  readonly signal: AbortSignal;
  /** Asked for every address that the host name resolves to; the connection goes to an address that was asked for. */
  readonly isAddressAllowed: (address: string) => boolean;
  /** Most bytes of answer headers. */
  readonly maxHeaderBytes: number;
}

/** The answer to a request of durable HTTP. */
export interface TransportResponse {
  /** HTTP status. */
  readonly status: number;
  /** Lower-case names; repeated ones are joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decompressed. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Closes the connection, read to the end or not. */
  close(): void;
}

/** Why there is no answer: the code of the machine (`ECONNREFUSED`), never the text, which may quote the request. */
export class HttpTransportError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`no answer (${code})`);
    this.code = code;
  }
}

/** Code of the error when `isAddressAllowed` refused. */
export const addressRefused = "ADDRESS_REFUSED";
