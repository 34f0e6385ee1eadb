import type { DataConverter } from "../core/payloads/data-converter.ts";
import type { VersionFailureStrategy, VersionMatchStrategy } from "../core/versioning.ts";
import type { DurableHttpOptions } from "../worker/durable-http/durable-http-options.ts";
import type { HostingOption } from "./hosting/hosting-option.ts";
import type { HttpAuthLevel } from "./http-function.ts";

/**
 * How an app is made.
 *
 * @typeParam Converter the type of {@link DFAppOptions.dataConverter}: results are typed as it brings them back
 */
export interface DFAppOptions<Converter extends DataConverter | undefined = DataConverter | undefined> {
  /** Who may call HTTP functions that do not say so themselves. @defaultValue `anonymous` */
  readonly httpAuthLevel?: HttpAuthLevel | undefined;
  /** Turns values into the JSON text that is stored, and back. @defaultValue plain JSON */
  readonly dataConverter?: Converter | undefined;
  /**
   * Take `X-Forwarded-Proto` and `X-Forwarded-Host` for true when links are made for a request: only behind a proxy
   * that sets them.
   *
   * @defaultValue false
   */
  readonly trustForwardedHeaders?: boolean | undefined;
  /**
   * Version of this app's orchestrations: new instances get it, and it decides which instances this app runs. Digits
   * and dots compare as numbers (`1.9` comes before `1.10`).
   *
   * @defaultValue `extensions.durableTask.defaultVersion` of host.json, else instances of every version are run
   */
  readonly version?: string | undefined;
  /** Another name of {@link version}. */
  readonly defaultVersion?: string | undefined;
  /** Which instances are run: `none` means all, `strict` those of this version alone. @defaultValue `currentOrOlder` */
  readonly versionMatchStrategy?: VersionMatchStrategy | undefined;
  /** What becomes of the others: left to other workers, or failed. @defaultValue `reject` */
  readonly versionFailureStrategy?: VersionFailureStrategy | undefined;
  /** What `context.callHttp` may do. */
  readonly durableHttp?: DurableHttpOptions | undefined;
  /**
   * Where orchestrations run when a Functions host runs the app: through its Durable extension, or on the engine of this
   * package in its worker. The app setting `DURABLE_HOSTING` goes before it.
   *
   * @defaultValue `extension` where host.json has an `extensionBundle` or bin/extensions.json names DurableTask
   */
  readonly hosting?: HostingOption | undefined;
}
