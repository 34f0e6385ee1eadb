import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { DurableError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";

export interface GrpcListenerOptions {
  readonly definition: ServiceDefinition;
  readonly service: UntypedServiceImplementation;
  /** Largest message that is received or sent, in bytes. */
  readonly maxMessageBytes: number;
  /** Certificate chain and key, in PEM. @defaultValue connections are not encrypted */
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
  readonly clock: Clock;
}

const closeTimeoutMs = 2_000;

/** One service on one port. */
export class GrpcListener {
  readonly #options: GrpcListenerOptions;
  readonly #server: Server;

  constructor(options: GrpcListenerOptions) {
    const { definition, service, maxMessageBytes } = options;
    this.#options = options;
    this.#server = new Server({
      "grpc.max_receive_message_length": maxMessageBytes,
      "grpc.max_send_message_length": maxMessageBytes,
      // A worker whose machine has vanished is noticed, and its work given to others.
      "grpc.keepalive_time_ms": 30_000,
      "grpc.keepalive_timeout_ms": 10_000,
    });
    this.#server.addService(definition, service);
  }

  /** Resolves to the port. @throws DurableError `HostStartFailed` when the address cannot be listened on */
  listen(address: string): Promise<number> {
    const { tls } = this.#options;
    const credentials =
      tls === undefined
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(null, [
            { cert_chain: Buffer.from(tls.certificate), private_key: Buffer.from(tls.key) },
          ]);
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, port) => {
        if (error === null) resolve(port);
        else reject(new DurableError("HostStartFailed", `cannot listen on ${address}: ${error.message}`));
      });
    });
  }

  /** Lets running calls end for a short time. */
  async close(): Promise<void> {
    const closed = new AbortController();
    this.#server.tryShutdown(() => closed.abort());
    await this.#options.clock.sleep(closeTimeoutMs, closed.signal);
    this.#server.forceShutdown();
  }
}
