/**
 * `npm run bench:requests`: what one storage request costs this process, by kind: through the SDKs for Azure Storage and
 * through requests of our own, in turn, against the emulator.
 *
 *   --dist DIR     the build to measure; default dist
 *   --rounds N     3
 *   --count N      requests of each kind in a round, a multiple of 16; 320
 *   --in-flight N  so many at a time; 8
 */
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { startAzurite } from "./azurite-emulator.mjs";
import { format, printTable } from "./markdown.mjs";
import { runProcess } from "./run-process.mjs";
import { median } from "./statistics.mjs";

const { values: options } = parseArgs({
  options: {
    dist: { type: "string", default: "dist" },
    rounds: { type: "string", default: "3" },
    count: { type: "string", default: "320" },
    "in-flight": { type: "string", default: "8" },
  },
});
const clients = ["sdk", "lean"];
const results = new Map(clients.map((client) => [client, []]));
const azurite = await startAzurite();
try {
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const client of clients) {
      console.error(`requests: round ${round} of ${options.rounds}, ${client}`);
      const measured = await runProcess("requests-process.mjs", {
        dist: options.dist,
        connectionString: azurite.connectionString,
        client,
        name: `bench-${randomBytes(6).toString("hex")}`,
        count: Number(options.count),
        inFlight: Number(options["in-flight"]),
      });
      // In the first the emulator warms up.
      if (round > 0) results.get(client).push(measured);
    }
  }
} finally {
  await azurite.stop();
}

const middle = (read) => clients.map((client) => median(results.get(client).map(read)));
console.log("### One storage request\n");
const rows = Object.keys(results.get("sdk")[0].kinds).map((kind) => {
  const [sdk, lean] = middle(({ kinds }) => kinds[kind].cpu);
  const [sdkWall, leanWall] = middle(({ kinds }) => kinds[kind].wall);
  return [kind, sdk, lean, lean / sdk, sdkWall, leanWall];
});
rows.push(["load and ask once: CPU ms", ...middle(({ loadingCpu }) => loadingCpu), "", "", ""]);
rows.push(["MB resident then", ...middle(({ memory }) => memory), "", "", ""]);
printTable([`median of ${options.rounds} rounds`, "sdk: CPU ms", "lean: CPU ms", "ratio", "sdk: ms", "lean: ms"], rows);

const ratios = rows.map(([, , , ratio]) => ratio).filter((ratio) => typeof ratio === "number");
const worst = Math.max(...ratios);
console.log(
  `${worst <= 0.7 ? "met    " : "NOT met"} every kind: at most ${format(worst)} of the SDK's CPU, 0.7 wanted`,
);
if (worst > 1) {
  console.log("FAILED  a kind costs more than through the SDK");
  process.exitCode = 1;
}
