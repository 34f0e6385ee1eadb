/**
 * `npm run bench:payloads`: what large payloads cost a process that is client and worker in one, on the emulator: time,
 * memory above what an idle one has, and the longest stall of its event loop. Each cell is a process of its own.
 *
 *   --dist DIR        the build to measure; default dist
 *   --before DIR      a build to measure beside it
 *   --megabytes LIST  1,10,100 (a megabyte is a million characters)
 *   --positions LIST  input,result,output,event,status,entity; all by default
 *   --texts LIST      plain,quotes,wide
 */
import { parseArgs } from "node:util";
import { startAzurite } from "./azurite-emulator.mjs";
import { format, printTable } from "./markdown.mjs";
import { runProcess } from "./run-process.mjs";

const { values: options } = parseArgs({
  options: {
    dist: { type: "string", default: "dist" },
    before: { type: "string" },
    megabytes: { type: "string", default: "1,10,100" },
    positions: { type: "string", default: "input,result,output,event,entity,failure" },
    texts: { type: "string", default: "plain,quotes,wide" },
  },
});
const builds = [
  ...(options.before === undefined ? [] : [{ name: "before", dist: options.before }]),
  { name: "durable-functions-ts", dist: options.dist },
];
const script = "payload-process.mjs";
const azurite = await startAzurite();
const rows = [];
try {
  for (const megabytes of options.megabytes.split(",").map(Number)) {
    for (const position of options.positions.split(",")) {
      for (const text of options.texts.split(",")) {
        for (const { name, dist } of builds) {
          const { connectionString } = azurite;
          const job = { dist, connectionString, megabytes, position, text };
          const cell = await runProcess(script, job).catch((error) => ({ error: error.message.split("\n")[0] }));
          rows.push([megabytes, position, text, name, ...cellsOf(cell)]);
        }
      }
    }
  }
} finally {
  await azurite.stop();
}
printTable(["MB", "position", "text", "build", "s", "memory above idle, MB", "longest stall, ms", "exact"], rows);

function cellsOf({ error, seconds, memory, stall, isExact }) {
  if (error !== undefined) return [error, "", "", "no"];
  return [format(seconds), format(memory), format(stall), isExact ? "yes" : "no"];
}
