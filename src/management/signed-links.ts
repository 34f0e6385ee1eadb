import { createHmac, hkdfSync } from "node:crypto";
import { isSameSecret } from "../core/same-secret.ts";

/** What a link lets its holder do with the one instance that it names. */
export type LinkVerb = "read" | "raiseEvent" | "terminate" | "suspend" | "resume" | "rewind" | "purge" | "restart";

/** The query parameters that open an instance, without `?` or `&` around them; "" when the link opens nothing. */
export type SignLink = (instanceId: string, verb: LinkVerb) => string;

/** Makes links, and tells its own from others. */
export interface LinkSigning {
  sign(instanceId: string, verbs: readonly LinkVerb[]): string;
  verify(query: URLSearchParams, instanceId: string, verb: LinkVerb): LinkVerdict;
}

/** `expired`: signed by us for just this, but too long ago. */
export type LinkVerdict = "valid" | "expired" | "invalid";

export interface LinkSignerOptions {
  /** What only those who may sign know. The key is derived from it, so that a storage key can be taken. */
  readonly secret: string;
  /** Names are compared ignoring case. */
  readonly taskHub: string;
  /** How long a link opens its instance, in milliseconds. */
  readonly lifetimeMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

const derivation = "durable-functions-ts instance link 1";

/**
 * Makes links that open one instance of one hub, for some verbs and some time, and nothing else: HMAC-SHA256 over hub,
 * instance, verbs and end. Nothing is stored: a link cannot be taken back, but by changing the secret.
 */
export class LinkSigner implements LinkSigning {
  readonly #options: LinkSignerOptions;
  readonly #key: Buffer;

  constructor(options: LinkSignerOptions) {
    this.#options = options;
    this.#key = Buffer.from(hkdfSync("sha256", options.secret, "", derivation, 32));
  }

  sign(instanceId: string, verbs: readonly LinkVerb[]): string {
    const { lifetimeMs, now } = this.#options;
    const expires = String(Math.ceil((now() + lifetimeMs) / 1000));
    const allow = verbs.join(" ");
    const signature = this.#hash(instanceId, allow, expires);
    return `allow=${encodeURIComponent(allow)}&expires=${expires}&signature=${signature}`;
  }

  /** Reads `allow`, `expires` and `signature`, each of which must be there once. */
  verify(query: URLSearchParams, instanceId: string, verb: LinkVerb): LinkVerdict {
    const [allow, expires, signature] = ["allow", "expires", "signature"].map((name) => {
      const values = query.getAll(name);
      return values.length === 1 ? values[0] : undefined;
    });
    if (allow === undefined || expires === undefined || signature === undefined) return "invalid";
    if (!isSameSecret(signature, this.#hash(instanceId, allow, expires))) return "invalid";
    // From here on these are our own words.
    if (!allow.split(" ").includes(verb)) return "invalid";
    return Number(expires) * 1000 > this.#options.now() ? "valid" : "expired";
  }

  /** JSON keeps the parts apart, whatever an id holds. */
  #hash(instanceId: string, allow: string, expires: string): string {
    const signed = JSON.stringify([this.#options.taskHub.toLowerCase(), instanceId, allow, expires]);
    return createHmac("sha256", this.#key).update(signed).digest("base64url");
  }
}
