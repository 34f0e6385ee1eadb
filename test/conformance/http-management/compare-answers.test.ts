import { expect, it } from "vitest";
import { compareAnswers } from "./compare-answers.ts";
import { deliberateDifferences, findReason } from "./deliberate-differences.ts";
import { type RecordedAnswer, readExchanges } from "./recorded-exchange.ts";

const exchanges = readExchanges();
const recorded = (name: string) => exchanges.find((each) => each.name === name)!.response;

/** Differences of a recorded answer from itself, changed in one place, that no reason covers. */
function newDifferences(name: string, change: (answer: RecordedAnswer) => RecordedAnswer): readonly string[] {
  const answer = recorded(name);
  const found = compareAnswers(answer, change(answer));
  return found.filter((each) => findReason(name, each) === undefined).map(({ place }) => place);
}

function withBody(change: (body: never) => unknown): (answer: RecordedAnswer) => RecordedAnswer {
  return (answer) => ({ ...answer, body: JSON.stringify(change(JSON.parse(answer.body) as never)) });
}

it("finds nothing where nothing is changed", () => {
  for (const { name } of exchanges) expect(newDifferences(name, (answer) => answer)).toEqual([]);
});

it.each<[string, string, (answer: RecordedAnswer) => RecordedAnswer, string]>([
  ["another status", "status-completed", (answer) => ({ ...answer, status: 500 }), "status 200 → 500"],
  [
    "another status where one differs anyway",
    "start-bad-json",
    (answer) => ({ ...answer, status: 503 }),
    "status 500 → 503",
  ],
  [
    "a header less",
    "status-running",
    ({ headers: { Location: _, ...headers }, ...answer }) => ({ ...answer, headers }),
    "header location",
  ],
  [
    "a header more",
    "status-completed",
    (answer) => ({ ...answer, headers: { ...answer.headers, etag: "1" } }),
    "header etag",
  ],
  [
    "a member in another case",
    "status-completed",
    withBody(({ runtimeStatus, ...body }: { runtimeStatus: string }) => ({ ...body, RuntimeStatus: runtimeStatus })),
    ".runtimeStatus",
  ],
  [
    "a value in another case",
    "status-completed",
    withBody((body: object) => ({ ...body, runtimeStatus: "completed" })),
    ".runtimeStatus",
  ],
  [
    "members in another order",
    "status-completed",
    withBody((body: object) => Object.fromEntries(Object.entries(body).reverse())),
    "body: order",
  ],
  [
    "a member less",
    "status-completed",
    withBody(({ customStatus: _, ...body }: { customStatus: unknown }) => body),
    ".customStatus",
  ],
  ["a member more", "status-completed", withBody((body: object) => ({ ...body, etag: 1 })), ".etag"],
  [
    "another output of what has completed",
    "status-completed",
    withBody((body: object) => ({ ...body, output: ["Hi"] })),
    ".output.0",
  ],
  [
    "a time in another form",
    "status-completed",
    withBody((body: object) => ({ ...body, createdTime: "2026-11-26T10:07:49.123Z" })),
    ".createdTime",
  ],
  ["an instance less in a list", "list-prefix", withBody((list: object[]) => list.slice(1)), '."g-w1": missing'],
  [
    "an instance more in a list",
    "list-prefix",
    withBody((list: object[]) => [...list, { instanceId: "other" }]),
    '."other": extra',
  ],
  ["a list in another order", "list-prefix", withBody((list: object[]) => list.toReversed()), "body: order"],
])("finds %s", (_, name, change, place) => {
  expect(newDifferences(name, change)).toContain(place);
});

it("has a reason for no more than its own", () => {
  const names = exchanges.map(({ name }) => name);
  for (const { in: listed } of deliberateDifferences) expect(names).toEqual(expect.arrayContaining([...listed]));

  const place = ".output";
  expect(
    findReason("status-failed-activity", { place, genuine: '"Orchestrator function x"', ours: "null" }),
  ).toBeUndefined();
  expect(findReason("status-completed", { place, genuine: '"a"', ours: '"b"' })).toBeUndefined();
});
