import { DFApp, startWorker } from "../../src/index.ts";
import type { SharingReport, SharingWorkerOptions } from "./partitions/sharing-process.ts";

/** The process of a worker that shares a hub with others: runs an app until SIGTERM, and tells what it serves. */
const options = JSON.parse(process.argv[2]!) as SharingWorkerOptions;

const app = new DFApp();
const double = app.activity("double", async ({ value, ms }: { value: number; ms: number }) => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return value * 2;
});
app.orchestration("threeTimes", function* (context, { value, ms }: { value: number; ms: number }) {
  let doubled = value;
  for (let round = 0; round < 3; round++) doubled = yield* context.callActivity(double, { value: doubled, ms });
  return doubled;
});

const warnings: string[] = [];
const host = await startWorker({
  apps: [app],
  ...options,
  stopOnSignals: true,
  log: ({ level, category, message }) => {
    if (level === "warn" || level === "error") warnings.push(`${category}: ${message}`);
  },
});
const tell = () => {
  const { partitions = [] } = host.health();
  const polled = partitions.map(({ queue, lastPolledAt }) => [queue, lastPolledAt?.getTime()] as const);
  process.send?.({ polled, warnings: warnings.splice(0) } satisfies SharingReport);
};
const telling = setInterval(tell, 100);
tell();
await host.stopped;
clearInterval(telling);
process.disconnect();
