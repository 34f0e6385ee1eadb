import type { AccessCredential } from "../core/access-credential.ts";
import { DurableError } from "../core/errors.ts";
import { assertOptions, type OptionKinds } from "../core/option-names.ts";
import type { DataConverter } from "../core/payloads/data-converter.ts";
import type { PayloadStore } from "../core/payloads/payload-store.ts";
import { parseServiceAddress } from "../grpc/channel/service-address.ts";
import type { ChannelOptions } from "../grpc/channel/task-hub-channel.ts";
import type { LargePayloadOptions } from "../hosting/payload-store.ts";
import type { ClientOptions } from "./client-options.ts";
import type { WorkerOptions } from "./worker-options.ts";

/** What every connection over gRPC takes. */
export interface GrpcOptions {
  /** PEM of the authorities that the server's certificate is checked against. @defaultValue those of Node */
  readonly rootCertificates?: Uint8Array | string | undefined;
  /** Further headers of each call; names in lower case. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Pings that tell a dead connection. @defaultValue none */
  readonly keepAlive?: ChannelOptions["keepAlive"];
  /**
   * Where payloads go that are too large for a message: a storage account, or a store of one's own. Workers and clients of
   * a hub need the same. @defaultValue nowhere: messages carry them
   */
  readonly largePayloads?: LargePayloadOptions | PayloadStore | undefined;
}

/** Where a gRPC server is that keeps a task hub. */
export interface GrpcLocation extends GrpcOptions {
  /** `host:port`, with a scheme if you like: `http://` is plaintext, `https://` is TLS. */
  readonly address: string;
  /** @defaultValue the server's own */
  readonly taskHub?: string | undefined;
  /** TLS. @defaultValue what the scheme says; without a scheme TLS, but for a service on this machine */
  readonly secure?: boolean | undefined;
  /** A `TokenCredential`, for example one of `@azure/identity`. @defaultValue calls carry no token */
  readonly credential?: AccessCredential | undefined;
  /** What tokens are asked for. @defaultValue `https://durabletask.io` */
  readonly resourceId?: string | undefined;
}

export interface GrpcOnlyWorkerOptions {
  /**
   * Ask the server for work of the registered functions only: needed when workers of one hub have different functions,
   * where the server knows such filters. @defaultValue false
   */
  readonly workItemFilters?: boolean | undefined;
}

type AnyConverter = DataConverter | undefined;

export interface GrpcWorkerOptions<Converter extends AnyConverter = AnyConverter>
  extends GrpcOnlyWorkerOptions,
    WorkerOptions<Converter> {}
export interface TaskHubGrpcWorkerOptions<Converter extends AnyConverter = AnyConverter>
  extends GrpcLocation,
    GrpcWorkerOptions<Converter> {}
export interface TaskHubGrpcClientOptions<Converter extends AnyConverter = AnyConverter>
  extends GrpcLocation,
    ClientOptions<Converter> {}

/** Names of the options of a connection. */
export const grpcOptionNames: readonly (keyof GrpcOptions)[] = [
  "rootCertificates",
  "metadata",
  "keepAlive",
  "largePayloads",
];

const locationKinds: OptionKinds<GrpcLocation> = {
  address: "text",
  taskHub: "text",
  secure: "flag",
  credential: "object",
  resourceId: "text",
  rootCertificates: "any",
  metadata: "tags",
  keepAlive: "object",
  largePayloads: "object",
};
const keepAliveKinds: OptionKinds<NonNullable<ChannelOptions["keepAlive"]>> = {
  intervalMs: "count",
  timeoutMs: "count",
};

/** @throws DurableError `InvalidOption` */
export function resolveGrpcLocation(location: GrpcLocation): GrpcLocation {
  if (typeof location !== "object" || location === null || typeof location.address !== "string") {
    throw new DurableError("InvalidOption", "'address' must be a text such as \"localhost:4001\"");
  }
  assertOptions(location, locationKinds, "a connection over gRPC");
  if (location.keepAlive !== undefined) assertOptions(location.keepAlive, keepAliveKinds, "'keepAlive'");
  parseServiceAddress(location.address, location.secure);
  return location;
}
