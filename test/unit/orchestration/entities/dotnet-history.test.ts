import { describe, expect, it } from "vitest";
import { fromHistoryRow } from "../../../../src/backends/azure-storage/codec/history-row.ts";
import type { EdmValue } from "../../../../src/backends/azure-storage/storage/table-row.ts";
import type { HistoryEvent } from "../../../../src/core/history-event.ts";
import type { OrchestratorAction } from "../../../../src/core/orchestrator-action.ts";
import { jsonDataConverter } from "../../../../src/core/payloads/data-converter.ts";
import { readRequest } from "../../../../src/entities/entity-message.ts";
import { inEveryStyle, styles } from "../../../../src/testing/behaviours/styles.ts";
import { InProcessSession } from "../../../../src/worker/in-process-session.ts";
import recording from "../../../fixtures/dtfx/entity-user.json" with { type: "json" };
import { endOf, sent } from "../../../support/entity-user.ts";

/** What DurableTask.AzureStorage has written for an orchestration that signals, calls and locks. */
const history: readonly HistoryEvent[] = recording.history.map(({ RowKey, columns }) =>
  fromHistoryRow({
    partitionKey: "entity-user",
    rowKey: RowKey,
    columns: new Map(Object.entries(columns) as unknown as [string, EdmValue][]),
  }),
);

/** The same in TypeScript: `EntityUser`. */
const entityUser = inEveryStyle(function* (ctx, key: string) {
  ctx.signalEntity({ name: "counter", key }, "add", 5);
  const got = yield ctx.callEntity({ name: "counter", key }, "add", 7);
  const from = { name: "account", key: `a${key}` };
  const to = { name: "account", key: `b${key}` };
  const lock = (yield ctx.lock(to, from)) as { release(): void };
  const a = yield ctx.callEntity(from, "add", 1);
  const b = yield ctx.callEntity(to, "add", 2);
  lock.release();
  return [got, a, b];
});

const starts = history.flatMap(({ type }, index) => (type === "OrchestratorStarted" ? [index] : []));

describe.each(styles)("an orchestration that .NET began goes on here (%s)", (style) => {
  const run = async (
    past: readonly HistoryEvent[],
    now: readonly HistoryEvent[],
  ): Promise<readonly OrchestratorAction[]> => {
    const session = new InProcessSession({
      instanceId: "entity-user",
      executionId: "5993a8a2b0714190959122938f9f0d4f",
      findOrchestration: () => ({ orchestrator: entityUser[style], dataConverter: jsonDataConverter }),
      log: () => {},
    });
    return (await session.execute({ pastEvents: past, newEvents: now })).actions;
  };

  it.each(starts.map((start, index) => [index, start]))("at its episode %i", async (_, start) => {
    const rest = history.slice(start);
    const end = rest.findIndex(({ type }) => type === "EventSent");
    const theirs = rest.slice(
      end,
      rest.findIndex(({ type }) => type === "OrchestratorCompleted"),
    );

    const actions = await run(history.slice(0, start), rest.slice(0, end));

    expect(actions.map(({ id }) => id)).toEqual(theirs.map(({ eventId }) => eventId));
    const recorded = theirs.filter((event) => event.type === "EventSent");
    expect(sent(actions)).toHaveLength(recorded.length);
    for (const [index, action] of sent(actions).entries()) {
      const event = recorded[index]!;
      expect([action.name, action.instanceId]).toEqual([event.name, event.instanceId]);
      if (action.name === "release") expect(action.input).toBe(event.input);
      else {
        const anyone = { id: "", timestamp: "", others: {}, ...(index > 0 && { predecessor: "" }) };
        expect({ ...readRequest(action.input), ...anyone }).toEqual({ ...readRequest(event.input), ...anyone });
      }
    }
    if (start === starts.at(-1)) expect(endOf(actions)).toEqual([12, 1, 2]);
  });

  it("to its recorded end", async () => {
    expect(await run(history, [])).toEqual([]);
  });
});
