import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  createSigner,
  readChallenge,
  type UnsignedRequest,
} from "../../../../../../src/backends/azure-storage/storage/lean/request-signer.ts";

const accountKey = Buffer.from("the key of the account").toString("base64");
const hmac = (text: string) =>
  createHmac("sha256", Buffer.from(accountKey, "base64")).update(text, "utf8").digest("base64");
const byKey = { kind: "accountKey", accountName: "account", accountKey } as const;

const request: UnsignedRequest = {
  method: "PUT",
  path: "/account/container/a%20b/%C3%A9",
  query: [
    ["comp", "block"],
    ["BlockId", "a+/="],
  ],
  headers: {
    "x-ms-version": "2019-02-02",
    "x-ms-date": "Fri, 26 Jun 2015 23:39:12 GMT",
    "x-ms-blob-type": " BlockBlob ",
    "user-agent": "it",
    "if-none-match": "*",
    "content-type": "text/plain",
    "content-length": "11",
  },
};

describe("requests are signed by the rules of the service", () => {
  it("of queues and blobs: all that says what is asked", async () => {
    const text = `PUT


11

text/plain



*


x-ms-blob-type:BlockBlob
x-ms-date:Fri, 26 Jun 2015 23:39:12 GMT
x-ms-version:2019-02-02
/account/account/container/a%20b/%C3%A9
blockid:a+/=
comp:block`;
    expect(await createSigner(byKey, "blob").sign(request)).toEqual({
      authorization: `SharedKey account:${hmac(text)}`,
    });
  });

  it("of queues and blobs: an empty body has no length", async () => {
    const headers = { "x-ms-date": "now", "content-length": "0" };
    const empty = { method: "PUT", path: "/queue", query: [], headers };
    const text = `PUT${"\n".repeat(12)}x-ms-date:now\n/account/queue`;
    expect(await createSigner(byKey, "queue").sign(empty)).toEqual({
      authorization: `SharedKey account:${hmac(text)}`,
    });
  });

  it("of tables: the date and the place", async () => {
    const { sign } = createSigner(byKey, "table");
    const at = "Fri, 26 Jun 2015 23:39:12 GMT\n/account/account/container/a%20b/%C3%A9";
    expect(await sign({ ...request, query: [["$top", "1"]] })).toEqual({
      authorization: `SharedKeyLite account:${hmac(at)}`,
    });
    expect(await sign({ ...request, query: [["comp", "properties"]] })).toEqual({
      authorization: `SharedKeyLite account:${hmac(`${at}?comp=properties`)}`,
    });
  });

  it("by a signature that came with the account, whatever is not encoded in it", async () => {
    const queries = { blob: "sv=1&sig=a%2Bb%3D", queue: "sig=a b", table: "" };
    const credential = { kind: "sharedAccessSignature", queries } as const;
    expect(await createSigner(credential, "blob").sign(request)).toEqual({ query: "sv=1&sig=a%2Bb%3D" });
    expect(await createSigner(credential, "queue").sign(request)).toEqual({ query: "sig=a%20b" });
  });
});

const tenantId = "72f988bf-86f1-41af-91ab-2d7cd011db47";

describe("a service that wants another token", () => {
  it.each([
    [
      `Bearer authorization_uri=https://login.microsoftonline.com/${tenantId}/oauth2/authorize resource_id=https://storage.azure.com`,
      { tenantId },
    ],
    [`Bearer authorization_uri="https://login.windows.net/${tenantId}", realm="x"`, { tenantId }],
    ['Bearer realm="", error="insufficient_claims", claims="eyJhIjoxfQ=="', { claims: '{"a":1}' }],
    ["Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize", undefined],
    ["SharedKey realm=x", undefined],
    ["", undefined],
  ])("says so: %s", (challenge, asked) => {
    expect(readChallenge(challenge)).toEqual(asked);
  });

  it("is answered once, and only with another one", async () => {
    const asked: unknown[] = [];
    const tokens = {
      getToken: async (_: unknown, options?: { tenantId?: string }) => {
        asked.push(options);
        return { token: options?.tenantId === undefined ? "home" : "abroad", expiresOnTimestamp: 0 };
      },
    };
    const signer = createSigner({ kind: "token", tokens }, "queue");
    const { authorization } = await signer.sign(request);
    expect(authorization).toBe("Bearer home");
    const challenge = `Bearer authorization_uri=https://login.microsoftonline.com/${tenantId}/oauth2/authorize`;
    expect(await signer.answerChallenge?.(challenge, authorization)).toBe(true);
    expect(await signer.answerChallenge?.(challenge, "Bearer abroad")).toBe(false);
    expect(await signer.answerChallenge?.(undefined, authorization)).toBe(false);
    expect(asked).toEqual([undefined, { tenantId }, { tenantId }]);
  });
});
