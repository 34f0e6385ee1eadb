import { createHash, timingSafeEqual } from "node:crypto";

/**
 * Whether a caller has shown a secret: a key, a token, a signature. Takes as long for any text that is shown, so that the
 * time tells neither how much of it was right nor how long the secret is.
 */
export function isSameSecret(shown: string, secret: string): boolean {
  return timingSafeEqual(digest(shown), digest(secret));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
