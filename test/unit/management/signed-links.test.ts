import { describe, expect, it } from "vitest";
import { createManagementLinks } from "../../../src/management/management-links.ts";
import { LinkSigner, type LinkVerb } from "../../../src/management/signed-links.ts";

const begin = Date.UTC(2026, 0, 1);
const dayMs = 24 * 60 * 60_000;

function createSigner(more: { secret?: string; taskHub?: string; now?: number } = {}): LinkSigner {
  const { secret = "a secret", taskHub = "Orders", now = begin } = more;
  return new LinkSigner({ secret, taskHub, lifetimeMs: dayMs, now: () => now });
}

const signed = createSigner().sign("order-1", ["read"]);
const verify = (
  query: string,
  more: Parameters<typeof createSigner>[0] = {},
  id = "order-1",
  verb: LinkVerb = "read",
) => createSigner(more).verify(new URLSearchParams(query), id, verb);

describe("a signed link", () => {
  it("opens its instance, for its verb, until its end, for every process with the same secret", () => {
    expect(verify(signed)).toBe("valid");
    expect(verify(signed, { now: begin + dayMs - 1 })).toBe("valid");
    expect(verify(signed, { taskHub: "ORDERS" })).toBe("valid");
    expect(verify(`showHistory=true&${signed}`)).toBe("valid");
  });

  it("opens nothing else", () => {
    expect(verify(signed, {}, "order-2")).toBe("invalid");
    expect(verify(signed, {}, "ORDER-1")).toBe("invalid");
    expect(verify(signed, {}, "order-1", "terminate")).toBe("invalid");
    expect(verify(signed, { taskHub: "Other" })).toBe("invalid");
    expect(verify(signed, { secret: "another" })).toBe("invalid");
    expect(verify(signed, { now: begin + dayMs })).toBe("expired");
  });

  it("opens several verbs that were signed together", () => {
    const both = createSigner().sign("order-1", ["read", "raiseEvent"]);

    expect(verify(both)).toBe("valid");
    expect(verify(both, {}, "order-1", "raiseEvent")).toBe("valid");
    expect(verify(both, {}, "order-1", "purge")).toBe("invalid");
  });

  it.each([
    ["nothing", ""],
    ["no signature", signed.replace(/&signature=.*/, "")],
    ["an empty signature", signed.replace(/signature=.*/, "signature=")],
    ["a signature that is cut", signed.slice(0, -1)],
    ["a signature of another length", `${signed}AAAA`],
    ["a later end", signed.replace(/expires=(\d)/, "expires=9$1")],
    ["no end", signed.replace(/expires=\d+/, "expires=")],
    ["another verb", signed.replace("allow=read", "allow=terminate")],
    ["more verbs", signed.replace("allow=read", "allow=read%20terminate")],
    ["verbs given twice", `allow=terminate&${signed}`],
    ["a signature given twice", `${signed}&signature=x`],
    ["what is no base64", signed.replace(/signature=.*/, "signature=%00%F0%9F")],
  ])("is refused with %s", (_what, query) => {
    expect(verify(query)).toBe("invalid");
    expect(verify(query, {}, "order-1", "terminate")).toBe("invalid");
  });

  it("keeps the parts apart that it is made of", () => {
    const of = (taskHub: string, id: string) => createSigner({ taskHub }).sign(id, ["read"]).split("signature=")[1];

    expect(of("Orders", '1","2')).not.toBe(of('Orders","1', "2"));
  });
});

it("each link opens its own verb only, and a restart starts no other instance", () => {
  const { id: _, ...links } = createManagementLinks(
    {
      baseUrl: "https://shop/api/durabletask-links",
      taskHub: "Orders",
      connectionName: "Storage",
      signLink: (instanceId, verb) => createSigner().sign(instanceId, [verb]),
    },
    "order-1",
  );

  const verbs = Object.entries(links).map(([name, link]) => [name, new URL(link).searchParams.get("allow")]);
  expect(verbs).toEqual([
    ["statusQueryGetUri", "read"],
    ["sendEventPostUri", "raiseEvent"],
    ["terminatePostUri", "terminate"],
    ["suspendPostUri", "suspend"],
    ["resumePostUri", "resume"],
    ["rewindPostUri", "rewind"],
    ["purgeHistoryDeleteUri", "purge"],
    ["restartPostUri", "restart"],
  ]);
  expect(new URL(links.restartPostUri).searchParams.get("restartWithNewInstanceId")).toBe("false");
});
