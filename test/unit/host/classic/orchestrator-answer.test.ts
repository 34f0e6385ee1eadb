import { describe, expect, it } from "vitest";
import { readReturned, readThrown } from "../../../../src/host/classic/orchestrator-answer.ts";

describe("the answer of a classic orchestrator", () => {
  it("is an object or its JSON", () => {
    const state = { isDone: true, actions: [[{ actionType: 4 }]], output: 7, schemaVersion: 3, customStatus: "s" };

    const end = { kind: "returned", output: 7 };
    expect(readReturned(state)).toEqual({ actions: state.actions[0], keepsIdentity: true, end, customStatus: "s" });
    expect(readReturned(JSON.stringify(state))).toMatchObject({ keepsIdentity: false, end });
    expect(readReturned({ ...state, isDone: false }).end).toBeUndefined();
  });

  it("is an end without output when there is none, as the extension has it", () => {
    expect(readReturned(undefined)).toMatchObject({ actions: [], end: { kind: "returned", output: undefined } });
  });

  it.each([
    [7, "not valid json"],
    ["{", "not valid json"],
    [[1], "not valid json"],
    [{ actions: [[]], schemaVersion: 0 }, 'The OOProc schema of of version "0" is unsupported'],
    [{ actions: [[], []], schemaVersion: 2 }, "of length 1 in outer layer but got size: 2"],
    [{ schemaVersion: 2 }, "got size: 0"],
  ])("is refused in the extension's words: %j", (returned, message) => {
    expect(() => readReturned(returned)).toThrow(message);
  });

  it("comes with an error that carries a state, and is a failure whatever that says", () => {
    const state = { isDone: false, actions: [[{ actionType: 0 }]], schemaVersion: 3, customStatus: { p: 1 } };
    const thrown = (more: object) => new Error(`false\n\n$OutOfProcData$:${JSON.stringify({ ...state, ...more })}`);

    expect(readThrown(thrown({ error: "bad" }))).toEqual({
      actions: [{ actionType: 0 }],
      keepsIdentity: false,
      end: { kind: "threw", message: "bad" },
      customStatus: { p: 1 },
    });
    expect(readThrown(thrown({}))).toMatchObject({ end: { kind: "threw", message: "" } });
    expect(readThrown(new Error("plain"))).toMatchObject({ actions: [], end: { kind: "threw", message: "plain" } });
    expect(() => readThrown(new Error("\n\n$OutOfProcData$:{"))).toThrow("not valid json");
  });
});
