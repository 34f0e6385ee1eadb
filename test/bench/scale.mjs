/**
 * What real Azure Storage would bear, on paper and by simulation: requests, queues, partitions and accounts at 1,000 and
 * 10,000 orchestrations a second, and what gives in first. Takes nothing but the CPU for it, and always prints the same.
 */
import { format, printTable } from "./markdown.mjs";
import { countRequests, profiles } from "./scale-profiles.mjs";
import { limits, simulate } from "./scale-simulation.mjs";
import { median, quantile } from "./statistics.mjs";

const rates = [1000, 10_000];
/** As full as a queue or an account is planned to be. */
const fill = 0.8;
const maxPartitions = 16;

const need = (perSecond, limit) => Math.ceil(perSecond / (fill * limit));

function onPaper() {
  const rows = [];
  for (const profile of Object.values(profiles)) {
    const { all, control, activities, tables, entities } = countRequests(profile);
    for (const rate of rates) {
      const hubs = need(rate * activities, limits.queue);
      rows.push([
        `${profile.title}: ${format(rate)} a second`,
        ...[all, rate * all, rate * activities, rate * control, rate * tables, rate * entities].map(format),
        format(hubs),
        format(Math.min(maxPartitions, need((rate * control) / hubs, limits.queue))),
        format(need(rate * all, limits.account)),
      ]);
    }
  }
  printTable(
    [
      "on paper",
      "requests each",
      "requests a second",
      "of them activity queue",
      "control queues",
      "tables",
      "entities a second",
      "hubs",
      "partitions of each",
      "accounts",
    ],
    rows,
  );
}

/** Until nothing waits: what is as full as planned is enough. */
function enoughFor(profile, rate) {
  const { all, control, activities } = countRequests(profile);
  const accounts = need(rate * all, limits.account);
  const hubs = Math.ceil(need(rate * activities, limits.queue) / accounts);
  const partitions = Math.min(maxPartitions, need((rate * control) / (hubs * accounts), limits.queue));
  return { accounts, hubs, partitions: Math.max(4, partitions) };
}

function bySimulation() {
  const rows = [];
  for (const profile of Object.values(profiles)) {
    const { leastMs } = countRequests(profile);
    for (const perSecond of rates) {
      const seconds = profile === profiles.fanOut ? 2 : perSecond > 1000 ? 3 : 10;
      const enough = enoughFor(profile, perSecond);
      for (const setup of [{ accounts: 1, hubs: 1, partitions: 4 }, { accounts: 1, hubs: 1, partitions: 16 }, enough]) {
        const { perSecond: done, durations, load } = simulate({ profile, perSecond, seconds, ...setup });
        const [first, most] = Object.entries(load).reduce((a, b) => (b[1] > a[1] ? b : a));
        rows.push([
          `${profile.title}: ${format(perSecond)} a second`,
          `${format(setup.accounts)}, ${format(setup.hubs)}, ${format(setup.partitions)}`,
          format(done),
          durations.length === 0 ? "–" : format(median(durations) / leastMs),
          durations.length === 0 ? "–" : format(quantile(durations, 0.95) / leastMs),
          `${first}, ${format(100 * most)} %`,
        ]);
      }
    }
  }
  printTable(
    [
      "simulated",
      "accounts, hubs on each, partitions",
      "ended a second",
      "p50, times the unhindered",
      "p95",
      "busiest, and how much of it is asked for",
    ],
    rows,
  );
}

/** The most hellos a second that one hub, and one account with many hubs, take before they wait. */
function ceilings() {
  const rows = Object.values(profiles).map((profile) => {
    const { all, control, activities } = countRequests(profile);
    return [
      profile.title,
      limits.queue / activities,
      (4 * limits.queue) / control,
      (maxPartitions * limits.queue) / control,
      limits.account / all,
    ];
  });
  printTable(
    ["at most a second, by", "the activity queue of a hub", "4 control queues", "16 control queues", "an account"],
    rows,
  );
}

/** History of one instance is one partition of a table, so a wide fan-out has a floor that nothing divides. */
function widest() {
  const rows = [100, 1000, 5000, 20_000].map((tasks) => {
    // A row when it is scheduled, one when it has answered; sentinels and the marks of episodes are few.
    const tableSeconds = (2 * tasks) / limits.tablePartition;
    const queueSeconds = (2 * tasks) / limits.queue;
    return [`fan-out of ${format(tasks)}`, tableSeconds, queueSeconds];
  });
  printTable(["one instance alone: at least s, by", "its history partition", "the activity queue of its hub"], rows);
}

console.log("\n### Scale\n");
ceilings();
onPaper();
bySimulation();
widest();
