import type { AccessCredential, AccessToken, AccessTokenOptions } from "../../../core/access-credential.ts";
import { isDurableError, messageOf } from "../../../core/errors.ts";
import type { Clock } from "../../../core/ports.ts";

/** What a token must be for, in all clouds. */
export const storageScope = "https://storage.azure.com/.default";

/** A token is replaced when it has less than so long to live. */
const refreshBeforeMs = 5 * 60_000;
/** The identity has no token now. */
export class TokenUnavailable extends Error {
  override readonly name = "TokenUnavailable";
  readonly code = "TokenUnavailable";
}

/**
 * The tokens of an identity, for the three services of an account.
 *
 * T1. One is kept until it nears its end, and asked for once, whoever many requests need it.
 * T2. A failed refresh counts only once the token at hand has ended: until then requests go on with it.
 * T3. Storage that refuses the one at hand makes us ask for another: see {@link forget}.
 * T4. What is handed out counts as ended. The libraries of the services keep tokens too, and renew them beside the
 *     requests, where a failure would be nobody's and end the process.
 */
export class StorageTokens implements AccessCredential {
  readonly #credential: AccessCredential;
  readonly #clock: Clock;
  /** Asked for by the service, once it has said which tenant it trusts. */
  #tenantId: string | undefined;
  #token: AccessToken | undefined;
  #asking: Promise<AccessToken> | undefined;

  constructor(credential: AccessCredential, clock: Clock) {
    this.#credential = credential;
    this.#clock = clock;
  }

  /** Rejects with {@link TokenUnavailable}, or with the DurableError of a package that is missing. */
  async getToken(_scopes: string | string[], options: AccessTokenOptions = {}): Promise<AccessToken> {
    const { tenantId, claims } = options;
    if (claims !== undefined || (tenantId !== undefined && tenantId !== this.#tenantId)) {
      this.#tenantId = tenantId ?? this.#tenantId;
      this.forget();
    }
    const kept = this.#token;
    const isGood = kept !== undefined && this.#leftMs(kept) > refreshBeforeMs;
    const { token } = isGood ? kept : await this.#askOnce(claims); // T1
    return { token, expiresOnTimestamp: this.#clock.now() }; // T4
  }

  /** The token at hand was refused: the next request asks for another. */
  forget(): void {
    this.#token = undefined;
    this.#asking = undefined;
  }

  #askOnce(claims: string | undefined): Promise<AccessToken> {
    if (this.#asking !== undefined) return this.#asking;
    const asking = this.#ask(claims).finally(() => {
      if (this.#asking === asking) this.#asking = undefined;
    });
    this.#asking = asking;
    return asking;
  }

  async #ask(claims: string | undefined): Promise<AccessToken> {
    const kept = this.#token;
    try {
      const tenantId = this.#tenantId;
      const token = await this.#credential.getToken(storageScope, {
        ...(tenantId !== undefined && { tenantId }),
        ...(claims !== undefined && { claims, enableCae: true }),
      });
      if (token === null) throw new Error("the credential gave none");
      this.#token = token;
      return token;
    } catch (error) {
      if (kept !== undefined && kept === this.#token && this.#leftMs(kept) > 0) return kept; // T2
      if (isDurableError(error)) throw error;
      throw new TokenUnavailable(`the identity has no token for storage: ${reasonOf(error)}`, { cause: error });
    }
  }

  #leftMs(token: AccessToken): number {
    return token.expiresOnTimestamp - this.#clock.now();
  }
}

/** Credentials that have tried several ways tell each of them in a line of its own. */
function reasonOf(error: unknown): string {
  const lines = messageOf(error).split("\n");
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(0, 4)
    .join(" ")
    .slice(0, 400);
}
