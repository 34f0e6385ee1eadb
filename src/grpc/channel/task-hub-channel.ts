import { setMaxListeners } from "node:events";
import { ChannelCredentials, Client, type ChannelOptions as GrpcOptions, Metadata, status } from "@grpc/grpc-js";
import type { AccessCredential } from "../../core/access-credential.ts";
import { bareError } from "../../core/bare-error.ts";
import { DurableError, isDurableError, messageOf } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import { systemClock } from "../../core/system-ports.ts";
import {
  type MethodName,
  type RequestInit,
  type ResponseOf,
  type StreamMethodName,
  serviceDefinition,
  type UnaryMethodName,
} from "../service/service-definition.ts";
import { CallFailure } from "./call-failure.ts";
import { parseServiceAddress } from "./service-address.ts";
import { isMadeOnce, maxAttempts, serviceConfig } from "./service-config.ts";
import { TokenCache } from "./token-cache.ts";
import { formatUserAgent } from "./user-agent.ts";

export { CallFailure } from "./call-failure.ts";

/** A connection to the service of one task hub. It connects with its first call, and again when it was lost. */
export interface TaskHubChannel {
  /** `host:port`, for messages. */
  readonly target: string;
  readonly taskHub: string | undefined;

  /**
   * @throws CallFailure `CANCELLED` when `options.signal` aborts, `DEADLINE_EXCEEDED` after `options.timeoutMs`, but
   * `UNAVAILABLE` where there was no connection by then
   */
  unary<N extends UnaryMethodName>(name: N, request: RequestInit<N>, options?: CallOptions): Promise<ResponseOf<N>>;
  /**
   * The call begins with the first `next()`, and ends with the loop over it. The iteration ends when the server ends the
   * stream, and throws as {@link unary} does.
   */
  stream<N extends StreamMethodName>(
    name: N,
    request: RequestInit<N>,
    options?: CallOptions,
  ): AsyncIterable<ResponseOf<N>>;

  /** Calls that are under way end with `CANCELLED`, and none can be made any more. Repeatable. */
  close(): void;
}

export interface CallOptions {
  /** Many calls at once may share one: its owner lifts the limit of its listeners (`setMaxListeners`). */
  readonly signal?: AbortSignal | undefined;
  /** Most milliseconds for the whole call, a stream too. @defaultValue no limit */
  readonly timeoutMs?: number | undefined;
}

export interface ChannelOptions {
  /**
   * `host:port`, with a scheme if you like: `http://` and `grpc://` are plaintext, `https://` and `grpcs://` are TLS.
   * Without one see {@link ChannelOptions.secure}.
   */
  readonly address: string;
  /** @defaultValue the service's own */
  readonly taskHub?: string | undefined;
  /** TLS. @defaultValue what the scheme says; without a scheme TLS, but for a service on this machine */
  readonly secure?: boolean | undefined;
  /** PEM of the authorities that the server's certificate is checked against. @defaultValue those of Node */
  readonly rootCertificates?: Uint8Array | string | undefined;
  /** A `TokenCredential`, for example one of `@azure/identity`. @defaultValue calls carry no token */
  readonly credential?: AccessCredential | undefined;
  /** What tokens are asked for. @defaultValue `https://durabletask.io` */
  readonly resourceId?: string | undefined;
  /** @defaultValue that of a client of this package, see `formatUserAgent` */
  readonly userAgent?: string | undefined;
  /** Tells one worker from the others. */
  readonly workerId?: string | undefined;
  /** Further headers of each call; names in lower case. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /**
   * Pings that tell a dead connection; many servers close a connection that pings more often than every 5 minutes.
   *
   * @defaultValue none
   */
  readonly keepAlive?: KeepAliveOptions | undefined;
  /** Largest message taken and sent, in bytes. @defaultValue no limit */
  readonly maxMessageBytes?: number | undefined;
  /** @defaultValue the machine's */
  readonly clock?: Clock | undefined;
}

/** How a dead connection is noticed. */
export interface KeepAliveOptions {
  /** Milliseconds between pings. */
  readonly intervalMs: number;
  /** Milliseconds to wait for the answer to a ping. @defaultValue 20 000 */
  readonly timeoutMs?: number | undefined;
}

/**
 * @example
 * const channel = openChannel({ address: "http://localhost:8080", taskHub: "default" });
 * await channel.unary("hello", {});
 * @throws DurableError `InvalidOption`, also for a token that would travel to another machine in plaintext
 */
export function openChannel(options: ChannelOptions): TaskHubChannel {
  return new GrpcChannel(options);
}

class GrpcChannel implements TaskHubChannel {
  readonly target: string;
  readonly taskHub: string | undefined;
  readonly #client: Client;
  readonly #headers: Metadata;
  readonly #clock: Clock;
  readonly #tokens: TokenCache | undefined;
  readonly #closed = new AbortController();

  constructor(options: ChannelOptions) {
    const { credential, resourceId = "https://durabletask.io", clock = systemClock } = options;
    const { target, isSecure, isLoopback } = parseServiceAddress(options.address, options.secure);
    if (credential !== undefined && !isSecure && !isLoopback) {
      throw new DurableError("InvalidOption", `a token must not travel to ${target} in plaintext: use https://`);
    }
    // Each call under way listens.
    setMaxListeners(0, this.#closed.signal);
    this.target = target;
    this.taskHub = options.taskHub;
    this.#headers = createHeaders(options);
    this.#clock = clock;
    this.#tokens = credential && new TokenCache(credential, resourceId, clock);
    const credentials = isSecure ? createTls(options.rootCertificates) : ChannelCredentials.createInsecure();
    this.#client = new Client(target, credentials, toGrpcOptions(options));
  }

  async unary<N extends UnaryMethodName>(
    name: N,
    request: RequestInit<N>,
    options: CallOptions = {},
  ): Promise<ResponseOf<N>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#unary(name, request, options);
      } catch (error) {
        // gRPC makes the others again by itself, and cannot tell these from calls whose answer was lost.
        const mayRepeat = isMadeOnce(name) && attempt < maxAttempts && wasNeverSent(error);
        if (!mayRepeat || options.signal?.aborted) throw error;
        await this.#clock.sleep(Math.min(50 * 2 ** (attempt - 1), 250), options.signal);
      }
    }
  }

  #unary<N extends UnaryMethodName>(
    name: N,
    request: RequestInit<N>,
    { signal, timeoutMs }: CallOptions,
  ): Promise<ResponseOf<N>> {
    const until = deadlineOf(timeoutMs);
    return this.#begin(name, signal, (headers) => {
      const { path, requestSerialize, responseDeserialize } = serviceDefinition[name]!;
      return new Promise((resolve, reject) => {
        const call = this.#client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          headers,
          until,
          (error, response) => {
            unlink();
            if (error === null) resolve(response as ResponseOf<N>);
            else reject(this.#failureOf(name, error, signal));
          },
        );
        const unlink = this.#cancelWith(signal, () => call.cancel());
      });
    });
  }

  async *stream<N extends StreamMethodName>(
    name: N,
    request: RequestInit<N>,
    { signal, timeoutMs }: CallOptions = {},
  ): AsyncGenerator<ResponseOf<N>, void, undefined> {
    const { path, requestSerialize, responseDeserialize } = serviceDefinition[name]!;
    const until = deadlineOf(timeoutMs);
    const call = await this.#begin(name, signal, async (headers) =>
      this.#client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, headers, until),
    );
    // A call that is cancelled when nobody reads it any more fails for nobody.
    call.on("error", () => {});
    const unlink = this.#cancelWith(signal, () => call.cancel());
    try {
      for await (const message of call) yield message as ResponseOf<N>;
    } catch (error) {
      throw this.#failureOf(name, error, signal);
    } finally {
      unlink();
      call.cancel();
    }
  }

  close(): void {
    this.#closed.abort();
    this.#client.close();
  }

  /** Makes a call once its token is there, unless it was called off by then. */
  async #begin<T>(
    method: MethodName,
    signal: AbortSignal | undefined,
    call: (headers: Metadata) => Promise<T>,
  ): Promise<T> {
    this.#assertOpen(method, signal);
    const headers = this.#headers.clone();
    if (this.#tokens !== undefined) {
      try {
        headers.set("authorization", `Bearer ${await unlessAborted(this.#tokens.get(), this.#closed.signal, signal)}`);
      } catch (cause) {
        this.#assertOpen(method, signal);
        const details = `no access token could be got: ${messageOf(cause)}`;
        // What the package of identities lacks stays so; whoever gives tokens may be there later.
        const code = isDurableError(cause) ? status.UNAUTHENTICATED : status.UNAVAILABLE;
        throw new CallFailure({ method, target: this.target, code, details, cause: bareError(cause) });
      }
      this.#assertOpen(method, signal);
    }
    return call(headers);
  }

  #assertOpen(method: MethodName, signal: AbortSignal | undefined): void {
    const isClosed = this.#closed.signal.aborted;
    if (!isClosed && signal?.aborted !== true) return;
    const details = isClosed ? "the channel is closed" : "the caller has called it off";
    throw new CallFailure({ method, target: this.target, code: status.CANCELLED, details, isLocal: true });
  }

  /** @returns what lets go of the signals, once the call has ended */
  #cancelWith(signal: AbortSignal | undefined, cancel: () => void): () => void {
    const sources = signal === undefined ? [this.#closed.signal] : [this.#closed.signal, signal];
    for (const source of sources) source.addEventListener("abort", cancel, { once: true });
    return () => {
      for (const source of sources) source.removeEventListener("abort", cancel);
    };
  }

  #failureOf(method: MethodName, error: unknown, signal: AbortSignal | undefined): CallFailure {
    if (error instanceof CallFailure) return error;
    const { code, details } = error as { readonly code?: unknown; readonly details?: unknown };
    const text = typeof details === "string" ? details : messageOf(error);
    // Something listens that does not speak gRPC; the library does not tell that from a server that is slow.
    const isUnconnected = code === status.DEADLINE_EXCEEDED && text.includes("Waiting for LB pick");
    const known = typeof code === "number" ? code : status.UNKNOWN;
    return new CallFailure({
      method,
      target: this.target,
      code: isUnconnected ? status.UNAVAILABLE : known,
      isLocal: code === status.CANCELLED && (this.#closed.signal.aborted || signal?.aborted === true),
      details: isUnconnected ? `no connection was made in time (${text})` : text,
      cause: bareError(error),
    });
  }
}

/** As gRPC says it of a call that found no server: that call was not made. */
function wasNeverSent(error: unknown): boolean {
  return (
    error instanceof CallFailure &&
    error.code === status.UNAVAILABLE &&
    /^No connection established/.test(error.details)
  );
}

/** Rejects when a signal aborts; what was waited for goes on. */
function unlessAborted<T>(work: Promise<T>, ...signals: readonly (AbortSignal | undefined)[]): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error("it was called off"));
    const settled = () => {
      for (const signal of signals) signal?.removeEventListener("abort", abort);
    };
    for (const signal of signals) signal?.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(settled);
  });
}

/** gRPC takes the time of day at which a call ends. */
function deadlineOf(timeoutMs: number | undefined): { readonly deadline?: number } {
  return timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY ? {} : { deadline: Date.now() + timeoutMs };
}

function createTls(rootCertificates: Uint8Array | string | undefined): ChannelCredentials {
  return ChannelCredentials.createSsl(rootCertificates === undefined ? null : Buffer.from(rootCertificates));
}

function createHeaders({
  taskHub,
  workerId,
  userAgent = formatUserAgent("Client"),
  metadata,
}: ChannelOptions): Metadata {
  const headers = new Metadata();
  const given = { taskhub: taskHub, workerid: workerId, "x-user-agent": userAgent };
  for (const [name, value] of [...Object.entries(metadata ?? {}), ...Object.entries(given)]) {
    if (value === undefined) continue;
    try {
      headers.set(name, value);
    } catch {
      // The value may be a secret.
      throw new DurableError("InvalidOption", `the header '${name}' has a name or value that HTTP cannot carry`);
    }
  }
  return headers;
}

function toGrpcOptions({ keepAlive, maxMessageBytes = -1 }: ChannelOptions): GrpcOptions {
  return {
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.service_config": serviceConfig,
    "grpc.service_config_disable_resolution": 1,
    // Without it five attempts are the most.
    "grpc-node.retry_max_attempts_limit": maxAttempts,
    // A server that was restarted is found again within the retries of a call.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    // A new channel is a new connection, whatever other channels there are.
    "grpc.use_local_subchannel_pool": 1,
    ...(keepAlive !== undefined && {
      "grpc.keepalive_time_ms": keepAlive.intervalMs,
      "grpc.keepalive_timeout_ms": keepAlive.timeoutMs ?? 20_000,
      "grpc.keepalive_permit_without_calls": 1,
    }),
  };
}
