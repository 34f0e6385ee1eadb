import { describe, expect, it } from "vitest";
import type { StorePlace } from "../../../src/hosting/azurite/store-place.ts";
import { judgeStoreUse, type StoreSight } from "../../../src/hosting/azurite/store-use.ts";

const here: StorePlace = { name: "a", platform: "linux", boot: "boot-1", processIds: "pid:[1]", network: "net:[1]" };
const container: StorePlace = { ...here, name: "c", processIds: "pid:[2]", network: "net:[2]" };
const otherMachine: StorePlace = { ...here, name: "b", boot: "boot-2" };
const now = 1_800_000_000_000;

function judge(place: StorePlace | undefined, change: Partial<StoreSight> & { heartbeat?: number } = {}): string {
  const { heartbeat = now - 500, ...sight } = change;
  return judgeStoreUse({
    record: { token: "t", pid: 10, hostPid: 9, controlPort: 4000, ...(place && { place, heartbeat }) },
    here,
    answer: "nobody",
    isAlive: () => true,
    now,
    unchangedMs: 0,
    moves: 0,
    ...sight,
  });
}

describe("a store folder", () => {
  it.each([here, container, otherMachine, undefined])("is as the process behind its record says (U1)", (place) => {
    expect(judge(place, { answer: { token: "t", hostConnected: true } })).toBe("in use");
    expect(judge(place, { answer: { token: "t", hostConnected: false }, isAlive: () => false })).toBe("saving");
  });

  it.each([here, undefined])("is free when its process is gone, or its port knows nothing of it (U2)", (place) => {
    expect(judge(place, { isAlive: () => false, answer: "silent" })).toBe("gone");
    expect(judge(place)).toBe("gone");
    expect(judge({ ...here, processIds: "pid:[2]" })).toBe("gone");
  });

  it("may be in use while its process is there and has not answered (U3)", () => {
    expect(judge(here, { answer: "silent", unchangedMs: 20_000 })).toBe("silent");
    expect(judge(undefined, { answer: "silent", unchangedMs: 60_000 })).toBe("silent");
    expect(judge(here, { answer: "silent", unchangedMs: 60_000 })).toBe("gone");
  });

  it.each([container, otherMachine])("is in use elsewhere once its heartbeat is seen to move (U4)", (place) => {
    expect(judge(place, { isAlive: () => false })).toBe("unknown");
    expect(judge(place, { moves: 1, heartbeat: now - 11_000 })).toBe("unknown");
    expect(judge(place, { moves: 3, isAlive: () => false })).toBe("alive elsewhere");
    expect(judge(place, { moves: 3, unchangedMs: 11_000 })).toBe("gone");
  });

  it("is free when its heartbeat stands still for ten seconds, of which the same clock knows (U5)", () => {
    expect(judge(container, { heartbeat: now - 11_000 })).toBe("gone");
    expect(judge(otherMachine, { heartbeat: now - 11_000 })).toBe("unknown");
    expect(judge(otherMachine, { heartbeat: now - 11_000, unchangedMs: 11_000 })).toBe("gone");
    expect(judge(otherMachine, { heartbeat: now - 600_000 })).toBe("gone");
    expect(judge(otherMachine, { heartbeat: now + 600_000 })).toBe("unknown");
  });

  it("is free when its record has not become readable", () => {
    const record = { token: "", pid: 0, hostPid: 0, controlPort: 0 };
    expect(judge(undefined, { record })).toBe("unknown");
    expect(judge(undefined, { record, unchangedMs: 3_000 })).toBe("gone");
  });
});
