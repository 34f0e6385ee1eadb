import { expect, it } from "vitest";
import { createEventLog } from "../../../../src/core/event-log.ts";
import { type HostAccess, openHostAccess } from "../../../../src/host/access/host-access.ts";
import { FakeClock } from "../../http/fake-orchestration-client.ts";

const [master, system] = ["m".repeat(32), "s".repeat(32)];
const given = { DURABLE_MASTER_KEY: master, DURABLE_SYSTEM_KEY: system };
const nothing = new URLSearchParams();

/** With keys of settings, so that no file is touched. */
async function open(options: { address?: string; auth?: boolean; env?: Record<string, string> } = {}) {
  const lines: string[] = [];
  const access = await openHostAccess({
    appFolder: "/nowhere",
    address: options.address ?? "0.0.0.0",
    auth: options.auth,
    env: { ...given, ...options.env },
    clock: new FakeClock(),
    events: createEventLog({ log: (_level, name, text) => lines.push(`${name}: ${text}`) }),
  });
  return { access, lines };
}

const isOpen = (access: HostAccess) => !access.needsKeys;

it.each([
  [{ address: "localhost" }, true],
  [{ address: "127.0.0.1" }, true],
  [{ address: "127.9.9.9" }, true],
  [{ address: "::1" }, true],
  [{ address: "localhost", auth: true }, false],
  [{ address: "0.0.0.0" }, false],
  [{ address: "::" }, false],
  [{ address: "::ffff:127.0.0.1" }, false],
  [{ address: "192.0.2.7" }, false],
  [{ address: "localhost.example" }, false],
  [{ address: "0.0.0.0", auth: false }, true],
  [{ env: { DURABLE_NO_AUTH: "true" } }, true],
  [{ env: { DURABLE_NO_AUTH: "1" } }, true],
  [{ env: { DURABLE_NO_AUTH: "false" } }, false],
  [{ env: { DURABLE_NO_AUTH: "true" }, auth: true }, false],
])("with %j callers need no keys: %s", async (options, expected) => {
  const { access, lines } = await open(options);
  access.tellExposure();

  expect(isOpen(access)).toBe(expected);
  expect(lines.length).toBe(expected && access.isExposed ? 1 : 0);
});

it("a mistyped setting does not open the doors", async () => {
  await expect(open({ env: { DURABLE_NO_AUTH: "yes please" } })).rejects.toThrow(
    "DURABLE_NO_AUTH must be true or false",
  );
});

it("who shows no key is told how, and the log says so once for each door", async () => {
  const { access, lines } = await open();
  const ask = (what: string, key?: string) => () => access.check("admin", what, key, nothing);

  expect(ask("/admin")).toThrow("x-functions-key");
  expect(ask("/admin", system)).toThrow("x-functions-key");
  expect(ask("another")).toThrow("x-functions-key");
  expect(ask("/admin", master)).not.toThrow();

  expect(lines).toHaveLength(2);
  expect(lines.join()).not.toContain(system);
});

it("functions are asked for what their level says", async () => {
  const { access } = await open();
  const ask = (level: "anonymous" | "function" | "admin", key?: string) => () =>
    access.checkLevel(level, "f", key, nothing);

  expect(ask("anonymous")).not.toThrow();
  expect(ask("function")).toThrow();
  expect(ask("function", system)).toThrow();
  expect(ask("function", master)).not.toThrow();
  expect(ask("admin", master)).not.toThrow();
});

it("links are signed where callers need keys, by a key of their own or with what opens the same door", async () => {
  const { access: free } = await open({ auth: false });
  expect(free.linkSigning("Hub")).toBeUndefined();

  const signings = await Promise.all(
    [{}, {}, { DURABLE_LINK_KEY: "l".repeat(32) }, { DURABLE_SYSTEM_KEY: "t".repeat(32) }].map(
      async (env) => (await open({ env })).access.linkSigning("Hub")!,
    ),
  );
  const query = new URLSearchParams(signings[0]!.sign("one", ["read"]));

  expect(signings.map((signing) => signing.verify(query, "one", "read"))).toEqual([
    "valid",
    "valid",
    "invalid",
    "invalid",
  ]);
});
