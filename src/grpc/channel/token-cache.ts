import type { AccessCredential } from "../../core/access-credential.ts";
import type { Clock } from "../../core/ports.ts";

/** A token is replaced when it has less than so long to live. */
const refreshBeforeMs = 5 * 60_000;

/**
 * The access token of a channel: kept until it nears its end, asked for once whoever many calls need it.
 *
 * A failed refresh counts only once the token at hand has ended: until then calls go on with it.
 */
export class TokenCache {
  readonly #credential: AccessCredential;
  readonly #scope: string;
  readonly #clock: Clock;
  #token: { readonly token: string; readonly expiresOnTimestamp: number } | undefined;
  #asking: Promise<string> | undefined;

  /** @param resourceId what the token is for, `https://durabletask.io` */
  constructor(credential: AccessCredential, resourceId: string, clock: Clock) {
    this.#credential = credential;
    this.#scope = `${resourceId.replace(/\/+$/, "")}/.default`;
    this.#clock = clock;
  }

  /** Rejects with what the credential throws. */
  get(): Promise<string> {
    const leftMs = this.#leftMs();
    if (this.#token !== undefined && leftMs > refreshBeforeMs) return Promise.resolve(this.#token.token);
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<string> {
    try {
      const token = await this.#credential.getToken([this.#scope]);
      if (token === null) throw new Error(`the credential has no token for ${this.#scope}`);
      this.#token = token;
      return token.token;
    } catch (error) {
      if (this.#token !== undefined && this.#leftMs() > 0) return this.#token.token;
      throw error;
    }
  }

  #leftMs(): number {
    return this.#token === undefined ? 0 : this.#token.expiresOnTimestamp - this.#clock.now();
  }
}
