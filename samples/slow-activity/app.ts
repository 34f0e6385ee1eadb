// Kill the host in the middle, start it again, and see that the orchestration goes on where it was:
//
//   npm start
//   curl -X POST localhost:7071/api/orchestrators/slowSteps -d 20
//
// End the host hard (`kill -9` its process, or the Task Manager), `npm start` it again, and look into the ledger: the file
// that LEDGER_FILE names, if that is set. "prepare" is in it once: its result is history. "work" was cut off, so it begins
// again.

import { appendFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { DFApp } from "durable-functions-ts";

interface Step {
  readonly name: string;
  readonly seconds: number;
}

const app = new DFApp();

/** Activities may do what they like: wait, write files, call the network. */
const takeStep = app.activity("takeStep", async (step: Step, context) => {
  await writeLedger(`${context.instanceId} begin ${step.name}`);
  await setTimeout(step.seconds * 1000, undefined, { signal: context.signal });
  await writeLedger(`${context.instanceId} end ${step.name}`);
  return step.name;
});

app.orchestration("slowSteps", async (context, seconds: number = 10) => {
  const prepared = await context.callActivity(takeStep, { name: "prepare", seconds: 0 });
  const worked = await context.callActivity(takeStep, { name: "work", seconds });
  const cleaned = await context.callActivity(takeStep, { name: "clean up", seconds: 0 });
  return [prepared, worked, cleaned];
});

async function writeLedger(line: string): Promise<void> {
  const file = process.env["LEDGER_FILE"];
  if (file !== undefined) await appendFile(file, `${line}\n`);
}
