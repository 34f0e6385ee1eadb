import { expect, it } from "vitest";
import { isSameSecret } from "../../../src/core/same-secret.ts";

it.each([
  ["a secret", "a secret", true],
  ["a secreT", "a secret", false],
  ["a secret ", "a secret", false],
  ["a", "a secret", false],
  ["", "a secret", false],
  ["a secret".repeat(10_000), "a secret", false],
  ["ü", "u\u0308", false],
])("%s is shown for %s: %s", (shown, secret, isSame) => {
  expect(isSameSecret(shown, secret)).toBe(isSame);
});
