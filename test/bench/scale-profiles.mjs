/**
 * The storage requests of one orchestration, as they were counted on Azurite, in their order (ours are held by
 * `test/conformance/azure-storage-requests.test.ts`): phases follow each other, the requests of one phase go together. What is under `beside` is waited for by
 * nobody.
 *
 * `to` is the control queue of the instance, the one queue of its hub for activities, or the partition of the instance in
 * a table, where `entities` counts: rows that are read or written.
 */
const control = { to: "control", ms: 5 };
const activities = { to: "activities", ms: 5 };
const row = { to: "instances", entities: 1, ms: 6 };
const history = (entities) => ({ to: "history", entities, ms: 10 });
const times = (count, request) => Array.from({ length: count }, () => request);
const phase = (...requests) => ({ requests, beside: [] });

/** Hello: three activities, one after the other. Each episode appends four events and the sentinel. */
const helloOfOurs = [
  phase(control), // the start
  phase(row),
  phase(activities), // the first request
  phase(history(5)),
  { requests: [activities], beside: [row, control] }, // the next one; it runs, and its start is deleted
  phase(history(5)),
  { requests: [activities], beside: [activities] }, // the next one, and the deletion of the one before
  phase(history(5)),
  { requests: [history(5)], beside: [activities] },
  { requests: [row], beside: [activities] }, // it has ended
];

/** As .NET with extended sessions has it: every message is put, received and deleted, and every episode merges the row. */
const helloOfDotnet = [
  phase(row), // is there one already?
  phase(control),
  phase(row),
  phase(control), // received
  phase(history(1), row), // history and row, as they are
  ...[1, 2, 3].flatMap(() => [
    phase(activities),
    phase(history(5)),
    { requests: [row], beside: [control] }, // merged, and what was received is deleted
    phase(activities), // received
    { requests: [control], beside: [activities] }, // the answer, and the deletion of the request
    phase(control), // received
  ]),
  phase(history(5)),
  { requests: [row], beside: [control] },
];

/** A hundred activities at once; the answers make one or two episodes. */
const fanOutOfOurs = [
  phase(control),
  phase(row),
  phase(...times(100, activities)),
  phase(history(100)),
  phase(history(6)),
  { requests: [history(100)], beside: [row, control, ...times(100, activities)] },
  phase(history(6)),
  phase(row),
];

const profile = (title, phases) => ({ title, phases });

export const profiles = {
  hello: profile("hello, three activities", helloOfOurs),
  helloOfDotnet: profile("hello, .NET with extended sessions", helloOfDotnet),
  fanOut: profile("fan-out of 100", fanOutOfOurs),
};

/** Requests of one orchestration: all, and by where they go. */
export function countRequests({ phases }) {
  const counts = { all: 0, control: 0, activities: 0, tables: 0, entities: 0, leastMs: 0 };
  for (const { requests, beside } of phases) {
    counts.leastMs += Math.max(...requests.map(({ ms }) => ms));
    for (const { to, entities = 0 } of [...requests, ...beside]) {
      counts.all++;
      counts[to === "control" || to === "activities" ? to : "tables"]++;
      counts.entities += entities;
    }
  }
  return counts;
}
