import type { DataConverter } from "../core/payloads/data-converter.ts";
import type { Clock } from "../core/ports.ts";
import type { StorageOption, TrackingStoreOption } from "../hosting/hub-storage.ts";

/**
 * How a client is made.
 *
 * @typeParam Converter the type of {@link DurableClientOptions.dataConverter}: what is read is typed as it brings it back
 */
export interface DurableClientOptions<Converter extends DataConverter | undefined = DataConverter | undefined> {
  /** Writes inputs and events, reads inputs and outputs. @defaultValue plain JSON */
  readonly dataConverter?: Converter | undefined;
  /**
   * Take `X-Forwarded-Proto` and `X-Forwarded-Host` for true when links are made for a request: only behind a proxy
   * that sets them.
   *
   * @defaultValue false
   */
  readonly trustForwardedHeaders?: boolean | undefined;
  /** What waiting goes by. @defaultValue that of the connection, else the machine's */
  readonly clock?: Clock | undefined;
}

/** Where the task hub of a client alone is, which has no app and no worker. */
export interface ConnectOptions<Converter extends DataConverter | undefined = DataConverter | undefined>
  extends DurableClientOptions<Converter> {
  /** Name of the app setting of an Azure Storage account (`AzureWebJobsStorage`), or of those of an identity. */
  readonly connection?: string | undefined;
  /** Of the Azure Storage account. One of this, `connection` and `storage`. */
  readonly connectionString?: string | undefined;
  /** `"memory"` and `"embedded"` are those of this process; `{ accountName }` opens an account by an identity. */
  readonly storage?: StorageOption | undefined;
  /** @defaultValue "TestHubName", as host.json has it */
  readonly taskHub?: string | undefined;
  /** Of a hub whose workers have another number of control queues than 4; it must be the same. @defaultValue 4 */
  readonly partitionCount?: number | undefined;
  /** Of a hub whose workers have one; it must be the same. @defaultValue the account of the queues */
  readonly trackingStore?: TrackingStoreOption | undefined;
  /** How messages are written; workers read both kinds. @defaultValue "base64" */
  readonly messageEncoding?: "base64" | "utf8" | undefined;
}

/** What is read of an instance. */
export interface GetStatusOptions {
  /** Fills `history`. @defaultValue false */
  readonly showHistory?: boolean | undefined;
  /** Shows results in `history`. @defaultValue false */
  readonly showHistoryOutput?: boolean | undefined;
  /** Fills `input`. @defaultValue true */
  readonly showInput?: boolean | undefined;
}

/** How long to wait for the end of an instance, and how. */
export interface WaitForCompletionOptions {
  /** Milliseconds in all. @defaultValue 10000 */
  readonly timeoutInMilliseconds?: number | undefined;
  /** Milliseconds between two looks. @defaultValue 1000 */
  readonly retryIntervalInMilliseconds?: number | undefined;
}
