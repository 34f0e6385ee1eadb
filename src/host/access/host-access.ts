import { DurableError, messageOf } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import type { Clock } from "../../core/ports.ts";
import { KeyNeeded } from "../../http/answers.ts";
import { LinkSigner, type LinkSigning } from "../../management/signed-links.ts";
import { isLoopback } from "../server/listen-address.ts";
import { findSetting } from "../settings/app-settings.ts";
import type { Environment } from "../settings/host-json.ts";
import { readLinkSettings } from "../settings/link-settings.ts";
import { KeyFile } from "./key-file.ts";
import {
  type AuthLevel,
  type Door,
  describeKeySettings,
  findShownKey,
  type KeySet,
  opensDoor,
  readKeySettings,
} from "./key-set.ts";

const noAuthSetting = "DURABLE_NO_AUTH";
const howToShow = "show a key, as the header x-functions-key or the query parameter code";

/** @param file where they are kept */
export type OnKeysMade = (keys: KeySet, file: string) => void;

export interface HostAccessOptions {
  readonly appFolder: string;
  /** That the host listens on. */
  readonly address: string;
  /** Whether callers need keys. @defaultValue not where `DURABLE_NO_AUTH` is true; else on addresses beyond loopback */
  readonly auth: boolean | undefined;
  readonly env: Environment;
  readonly clock: Clock;
  readonly events: EventLog;
  /** Is handed the keys that this start has made, to be shown once. They belong to no log. */
  readonly onKeysMade?: OnKeysMade | undefined;
}

/**
 * Opens the keys of a host, and makes them where a host that needs them has none.
 *
 * @throws DurableError `HostStartFailed` when they cannot be read or made, `InvalidOption` with the name of a setting
 */
export async function openHostAccess(options: HostAccessOptions): Promise<HostAccess> {
  const { appFolder, env } = options;
  if (!needsKeys(options)) return new HostAccess(options, undefined);
  const links = readLinkSettings(env);
  const given = readKeySettings(env);
  if (given !== undefined) {
    const source = describeKeySettings(given);
    return new HostAccess(options, { keys: given, file: undefined, version: undefined, source, links });
  }
  const file = new KeyFile(appFolder);
  const version = await file.version();
  const { keys, isNew } = await file.readOrMake();
  if (await file.isOpenToOthers()) {
    const text = `others than the owner of ${file.path} may read the keys: chmod 600 ${file.path}, and 'durable keys rotate'`;
    options.events.write("KeysReadable", text, {});
  }
  if (isNew) options.onKeysMade?.(keys, file.path);
  return new HostAccess(options, { keys, file, version, source: file.path, links });
}

interface OpenKeys {
  readonly keys: KeySet;
  readonly file: KeyFile | undefined;
  readonly version: string | undefined;
  readonly source: string;
  readonly links: ReturnType<typeof readLinkSettings>;
}

/** Asks callers for keys, or for none where none are needed. */
export class HostAccess {
  /** Where the keys come from, a file or names of settings; `undefined` where nobody needs one. */
  readonly source: string | undefined;
  /** Whether other machines reach the host. */
  readonly isExposed: boolean;
  readonly #options: HostAccessOptions;
  readonly #open: OpenKeys | undefined;
  readonly #told = new Set<string>();
  #keys: KeySet;
  #version: string | undefined;

  constructor(options: HostAccessOptions, open: OpenKeys | undefined) {
    this.#options = options;
    this.#open = open;
    this.#keys = open?.keys ?? {};
    this.#version = open?.version;
    this.source = open?.source;
    this.isExposed = !isLoopback(options.address);
  }

  get needsKeys(): boolean {
    return this.#open !== undefined;
  }

  /** Says what is open to other machines, once the host listens. */
  tellExposure(): void {
    if (!this.isExposed || this.needsKeys) return;
    const { address, events } = this.#options;
    const text =
      `listening on ${address} without keys, the host takes calls from other machines: whoever reaches it may call any ` +
      `function and start, terminate and purge instances. Leave --no-auth and ${noAuthSetting} out, listen on 127.0.0.1, ` +
      "or let only a proxy that checks callers reach it";
    events.write("HostExposed", text, { address });
  }

  /** Takes over keys that were changed since: from now on the old ones open nothing. Never rejects. */
  async refresh(): Promise<void> {
    const file = this.#open?.file;
    if (file === undefined) return;
    const version = await file.version();
    if (version === this.#version) return;
    this.#version = version;
    try {
      const keys = await file.read();
      if (keys === undefined) throw new DurableError("HostStartFailed", `${file.path} is gone`);
      this.#keys = keys;
    } catch (error) {
      const text = `${messageOf(error)}; until it is mended or the host is started anew, the keys that were read last hold`;
      this.#options.events.write("KeysUnusable", text, {});
    }
  }

  /** Whether a request shows a key for a door; no key opens anything where none is needed. */
  isOpenedBy(door: Door, header: string | null | undefined, query: URLSearchParams): boolean {
    const shown = findShownKey(header, query);
    return shown !== undefined && opensDoor(this.#keys, door, shown);
  }

  /**
   * @param what is behind the door, for the log
   * @throws KeyNeeded
   */
  check(door: Door, what: string, header: string | null | undefined, query: URLSearchParams): void {
    if (!this.needsKeys || this.isOpenedBy(door, header, query)) return;
    if (!this.#told.has(what)) {
      this.#told.add(what);
      const shown = findShownKey(header, query) === undefined ? "without a key" : "with a key that does not open it";
      const text = `${what} was asked ${shown}: ${howToShow}; 'durable keys --show' has them. Said once for each door`;
      this.#options.events.write("KeyRefused", text, {});
    }
    throw new KeyNeeded(howToShow);
  }

  /** For HTTP functions. @throws KeyNeeded */
  checkLevel(level: AuthLevel, what: string, header: string | null | undefined, query: URLSearchParams): void {
    if (level !== "anonymous") this.check(level, what, header, query);
  }

  /** Signs links to instances with the keys of the moment; `undefined` where links need no signature. */
  linkSigning(taskHub: string): LinkSigning | undefined {
    if (this.#open === undefined) return undefined;
    const { clock } = this.#options;
    const { linkKey, lifetimeMs } = this.#open.links;
    let current: { readonly secret: string; readonly signer: LinkSigner } | undefined;
    const signer = () => {
      const secret = linkKey ?? this.#keys.durabletask_extension ?? this.#keys.master!;
      if (current?.secret !== secret) {
        current = { secret, signer: new LinkSigner({ secret, taskHub, lifetimeMs, now: () => clock.now() }) };
      }
      return current.signer;
    };
    return {
      sign: (instanceId, verbs) => signer().sign(instanceId, verbs),
      verify: (query, instanceId, verb) => signer().verify(query, instanceId, verb),
    };
  }
}

function needsKeys({ auth, address, env }: HostAccessOptions): boolean {
  const isOff = readFlag(env, noAuthSetting);
  return auth ?? (isOff ? false : !isLoopback(address));
}

/** A mistyped value must not open the doors. @throws DurableError `InvalidOption` */
function readFlag(env: Environment, name: string): boolean {
  const text = findSetting(env, name)?.trim().toLowerCase() ?? "false";
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0") return false;
  throw new DurableError("InvalidOption", `${name} must be true or false, but is '${text}'`);
}
