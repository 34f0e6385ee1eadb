import fc from "fast-check";
import { expect, it } from "vitest";
import { createEventLog } from "../../../src/core/event-log.ts";
import { redactSecrets } from "../../../src/core/redact-secrets.ts";

const key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

it.each([
  ["AccountName=a;AccountKey=Zm9v+/==;EndpointSuffix=x", "AccountName=a;AccountKey=***;EndpointSuffix=x"],
  [
    "SharedAccessKeyName=Root;SharedAccessKey=abc=;EntityPath=q",
    "SharedAccessKeyName=Root;SharedAccessKey=***;EntityPath=q",
  ],
  ["SharedAccessSignature=sv=2021&ss=b&sig=zz%3D;Next=1", "SharedAccessSignature=***;Next=1"],
  ["Server=tcp:db;User ID=sa;Password=p &ss w=rd;Encrypt=true", "Server=tcp:db;User ID=sa;Password=***;Encrypt=true"],
  ["Endpoint=https://x;AccessKey=abc", "Endpoint=https://x;AccessKey=***"],
  ["https://a.b/c?sv=1&sig=ab%2Bc%3D&se=2, and so on", "https://a.b/c?sv=1&sig=***&se=2, and so on"],
  ["https%3A%2F%2Fa.b%3Fsig%3Dabc%26se%3D2", "https%3A%2F%2Fa.b%3Fsig%3D***%26se%3D2"],
  ["GET https://f/api/x?code=aa_BB-== failed", "GET https://f/api/x?code=*** failed"],
  ["links?allow=read&expires=1&signature=abc-_d", "links?allow=read&expires=1&signature=***"],
  ["postgres://user:p@ss@host:5432/db?ssl=on", "postgres://***@host:5432/db?ssl=on"],
  ["Authorization: Digest a=b, c=d\r\nnext", "Authorization: ***\r\nnext"],
  ["{ authorization: 'Bearer xyz1', cookie: 'a=b; c=d' }", "{ authorization: '***', cookie: '***' }"],
  ["a Bearer abc.def-123, a Basic dXNlcjpQYXNzd29yZA==", "a Bearer ***, a Basic ***"],
  ["SharedKey account:abc+/= SharedKeyLite a:b=", "SharedKey *** SharedKeyLite ***"],
  ["Set-Cookie: session=abc; Path=/\nnext", "Set-Cookie: ***\nnext"],
  ["x-functions-key: abc", "x-functions-key: ***"],
  ['{"password":"a \\"b\\" c","user":"u"}', '{"password":"***","user":"u"}'],
  ['"{\\"apiKey\\":\\"a b\\",\\"n\\":1}"', '"{\\"apiKey\\":\\"***\\",\\"n\\":1}"'],
  ["client_secret=foo&scope=x", "client_secret=***&scope=x"],
  ["DB_PASSWORD='it is quoted' next", "DB_PASSWORD='***' next"],
  ["Map { 'accountKey' => 'abc' }", "Map { 'accountKey' => '***' }"],
  ["token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_-x refused", "token *** refused"],
  [`the key ${key} is wrong`, "the key *** is wrong"],
  ["-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY----- read", "*** read"],
  ["-----BEGIN RSA PRIVATE KEY-----\\nProc-Type: 4\\nMIIE", "***"],
  [`Unexpected token 'C', "CANARY" is not valid JSON\n  at x`, "Unexpected token 'C', *** is not valid JSON\n  at x"],
  [`Unexpected token 's', ..."t":secret-pa"... is not valid JSON`, "Unexpected token 's', *** is not valid JSON"],
])("of %s remains %s", (text, expected) => {
  expect(redactSecrets(text)).toBe(expected);
  expect(redactSecrets(expected)).toBe(expected);
});

it.each([
  "Bearer token is missing; Basic authentication required",
  "Value cannot be null, Version=4.0.0.0, PublicKeyToken=7cec85d7bea7798e",
  "'continuationToken' is of another task hub; tokens: 5, maxTokens=7",
  "MessageQuarantined (queue=h-control-00, messageId=1, deliveryCount=5)",
  "at load (file:///app/src/load.ts:3:12)",
  "storage at 127.0.0.1:10000 rejected table.query: 403 AuthenticationFailed: the key or signature is of another account",
  "https://host/path?a=b#c, user@example.org, code=5, key=order-7",
  "Invalid enum value. Expected 'a' | 'b'",
])("%s stays as it is", (text) => {
  expect(redactSecrets(text)).toBe(text);
});

/** What could make a pattern look at the same text again and again. */
const units =
  "a|=|token|token=|token=a&|token=&a=|sig=|eyJ|eyJaaaaaaaa.|eyJaaaaaaaa.aaaa.|-----BEGIN PRIVATE KEY-----|-----BEGIN | |\"|'|\\|token \\"
    .split("|")
    .concat(["://", "://a", "://a@", "a@", "@", "Bearer ", "&code=", "A", "A=", "AzFu", "%", "%3", "Authorization:"])
    .concat([
      "cookie: ",
      "\n",
      'password"',
      "password=",
      "SharedKey ",
      '" is not valid JSON',
      "sharedaccesssignature=",
    ]);

it("the time it takes grows with the text, and with nothing in it", { timeout: 60_000 }, () => {
  const timeOf = (text: string) => {
    const startedAt = performance.now();
    redactSecrets(text);
    return performance.now() - startedAt;
  };
  const quickest = (text: string) => Math.min(timeOf(text), timeOf(text));
  const plain = quickest("an ordinary line of a log, with nothing to hide but a key. ".repeat(10_500));
  for (const unit of units) {
    const text = unit.repeat(Math.ceil(500_000 / unit.length));
    // What is quadratic takes minutes for half a million characters.
    expect({ unit, isLinear: quickest(text) < 100 * Math.max(plain, 5) }).toEqual({ unit, isLinear: true });
  }
});

it("the look ahead of the rules misses nothing that a rule would take", () => {
  const fragments = units
    .flatMap((unit) => unit.split(/(?=[^\w])/))
    .concat(
      ["password", "pwd", "AccountKey", "x-functions-key", "sig", "client_secret", "set-cookie", "proxy-authorization"],
      ["apiKey", "credential", "passphrase", "token", "code=", "&amp;code=", "%3Fcode%3D", "Basic ", "bearer ", "AzFu"],
      [key, "abcdefgh", "A1-_", ":", "=", ";", "?", " ", "a".repeat(43), "-".repeat(45), "//u:p@h/", "Lite "],
    );
  const texts = fc.array(fc.constantFrom(...fragments), { maxLength: 8 }).map((parts) => parts.join(""));
  // With a hint in front all rules are tried.
  const hint = "key\n";
  fc.assert(
    fc.property(texts, (text) => {
      expect(hint + redactSecrets(text)).toBe(redactSecrets(hint + text));
    }),
    { numRuns: 20_000 },
  );
});

it("an event below what the log takes is not handed over", () => {
  const lines: string[] = [];
  const log = createEventLog({ leastLevel: "warn", log: (_, event) => lines.push(event) });
  log.write("OrchestrationStarted", "", { instanceId: "i", functionName: "f" });
  log.write("OrchestrationLockLost", "", { instanceId: "i" });
  log.write("OrchestrationFailed", "", { instanceId: "i", functionName: "f" });
  expect(lines).toEqual(["OrchestrationLockLost", "OrchestrationFailed"]);
});

it("every event goes through it: its text and its fields", () => {
  const lines: unknown[] = [];
  const log = createEventLog({ log: (...line) => lines.push(line) }, { taskHub: "Hub" });
  log.write("MessageQuarantined", "it says AccountKey=abc;", {
    queue: "q",
    messageId: "m",
    deliveryCount: 5,
    reason: "sig=abc",
  });
  const fields = { taskHub: "Hub", queue: "q", messageId: "m", deliveryCount: 5, reason: "sig=***" };
  expect(lines).toEqual([["error", "MessageQuarantined", "it says AccountKey=***;", fields]]);
});
