import { expect, it } from "vitest";
import { createEventLog } from "../../../../src/core/event-log.ts";
import { silentLog } from "../../../../src/core/ports.ts";
import { createHostGuard, type HostGuardOptions } from "../../../../src/host/server/host-guard.ts";

const cors = { origins: ["http://localhost:3000"], anyOrigin: true, credentials: false };
const none = { hosts: [], origins: [] };
const listed = { hosts: ["shop.example"], origins: ["https://pages.example"] };

function guardOf(options: Partial<HostGuardOptions>) {
  const guard = createHostGuard({
    allowed: none,
    cors: undefined,
    isExposed: false,
    needsKeys: false,
    isBehindProxy: false,
    events: createEventLog(silentLog),
    ...options,
  });
  const isRefused = (host: string, origin?: string) => {
    try {
      const headers = new Map([["host", host], ...(origin === undefined ? [] : [["origin", origin] as const])]);
      guard.check({ method: "POST", url: new URL(`http://${host}/`), header: (name) => headers.get(name) });
      return false;
    } catch {
      return true;
    }
  };
  return (host: string, origin?: string) => !isRefused(host, origin);
}

it.each<[Partial<HostGuardOptions>, boolean, boolean]>([
  [{}, false, false],
  [{ allowed: listed }, true, false],
  [{ isExposed: true }, true, true],
  [{ isExposed: true, allowed: listed }, true, false],
  [{ isBehindProxy: true }, true, true],
])("with %j it is served as shop.example: %s, as any.test: %s", (options, asShop, asAny) => {
  const takes = guardOf(options);

  expect([takes("localhost"), takes("shop.example"), takes("any.test")]).toEqual([true, asShop, asAny]);
});

it.each<[Partial<HostGuardOptions>, readonly boolean[]]>([
  [{}, [false, false, false]],
  [{ cors }, [true, false, false]],
  [{ allowed: listed }, [false, true, false]],
  [{ cors, allowed: listed }, [true, true, false]],
  // A page that knows a key may come from anywhere.
  [{ needsKeys: true, isExposed: true }, [true, true, true]],
])("with %j pages of the three origins may change something: %j", (options, expected) => {
  const takes = guardOf(options);
  const origins = ["http://localhost:3000", "https://pages.example", "https://evil.test"];

  expect(origins.map((origin) => takes("localhost", origin))).toEqual(expected);
});
