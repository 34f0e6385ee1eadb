import { describe, expect, it } from "vitest";
import type { EntityBatch } from "../../../../src/core/entity-batch.ts";
import { formatEntityPayload, readEntityAnswer } from "../../../../src/host/classic/classic-entity.ts";
import { formatAnswerForLibrary } from "../../../../src/host/classic/classic-entity-answer.ts";
import { readRecorded } from "./recorded-invocations.ts";

interface Operation {
  readonly name: string;
  readonly input: string | null;
  readonly isSignal: boolean;
  readonly id: string;
}

function batchOf(operations: readonly Partial<Operation>[], state?: string): EntityBatch {
  return {
    instanceId: "@counter@k",
    entity: { name: "Counter", key: "k" },
    state,
    operations: operations.map(({ name = "op", input, isSignal = false, id }, index) => ({
      id: id ?? `id-${index}`,
      operation: name,
      input: input ?? undefined,
      isSignal,
    })),
    signal: new AbortController().signal,
  };
}

describe("a batch of a classic entity", () => {
  it.each(readRecorded("entityTrigger").map((recorded, index) => ({ index, ...recorded })))(
    "has the extension's payload, and takes the recorded answer: $index",
    ({ input, result }) => {
      const { self, state, batch } = input as { self: { key: string }; state: string | null; batch: Operation[] };
      const given = { ...batchOf(batch, state ?? undefined), entity: { name: "Counter", key: self.key } };

      expect(formatEntityPayload(given)).toBe(JSON.stringify(input));
      const { results, entityExists, entityState } = result as {
        results: { isError: boolean; result?: string }[];
        entityExists: boolean;
        entityState: string | null;
      };
      const answer = readEntityAnswer(given, result);
      expect(answer.state).toBe(entityExists ? entityState : undefined);
      expect(answer.outcomes).toHaveLength(batch.length);
      expect(answer.outcomes[0]).toMatchObject(
        results[0]!.isError
          ? { kind: "failed", failureDetails: { errorType: "Error", errorMessage: "{}" } }
          : { kind: "completed", result: results[0]!.result, actions: [] },
      );
    },
  );

  it("knows an entity that exists without a state", () => {
    const answer = readEntityAnswer(batchOf([{}]), { results: [{ result: "1" }], signals: [], entityExists: true });

    expect(answer.state).toBe("null");
    const payload = JSON.parse(formatEntityPayload(batchOf([{}], answer.state))) as unknown;
    expect(payload).toMatchObject({ exists: true, state: null });
  });

  it("sends each signal with the operation that asked for it, or one that has not failed", () => {
    const signal = (requestId: string, name: string, input = "") => ({
      target: { name: "Other", key: "x" },
      name,
      input,
      requestId,
    });
    const answer = readEntityAnswer(batchOf([{ id: "a" }, { id: "b" }, { id: "c" }]), {
      results: [{ isError: false }, { isError: true, result: '"why"' }, { isError: false }],
      signals: [signal("a", "first", "1"), signal("b", "second"), signal("?", "third")],
      entityExists: false,
    });

    const sent = answer.outcomes.map((outcome) =>
      outcome.kind === "completed" ? outcome.actions : outcome.failureDetails.errorMessage,
    );
    expect(sent).toMatchObject([
      [{ kind: "SignalEntity", instanceId: "@other@x", operation: "first", input: "1" }],
      "why",
      [{ operation: "second", input: undefined }, { operation: "third" }],
    ]);
  });

  it.each([[undefined], ["text"], ["[1]"], [7]])("refuses an answer that has no state: %s", (returned) => {
    expect(() => readEntityAnswer(batchOf([{}]), returned)).toThrow();
  });
});

describe("an answer of an entity", () => {
  it.each([
    ['{"result":"5"}', '{"result":"5"}'],
    ['{"$type":"x","result":null}', '{"result":null}'],
    ['{"result":"{}","exceptionType":"Error"}', '{"result":"{}","exceptionType":"Error"}'],
    ['{"result":null,"failureDetails":{"ErrorMessage":"bad"}}', '{"result":"\\"bad\\"","exceptionType":"Error"}'],
    ['{"result":null,"failureDetails":{"ErrorMessage":"{}"}}', '{"result":"{}","exceptionType":"Error"}'],
    ["not JSON", '{"result":null}'],
  ])("comes to the library as the extension gives it: %s", (stored, given) => {
    expect(formatAnswerForLibrary(stored)).toBe(given);
  });
});
