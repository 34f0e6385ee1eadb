// Work that is done again and again. Each round begins with an empty history, so the orchestration may run for ever.
//
//   curl -X POST localhost:7071/api/orchestrators/eternal -d '{"intervalSeconds": 10}'

import { DFApp } from "durable-functions-ts";

interface Round {
  /** Rounds done so far. @defaultValue none */
  readonly iteration?: number;
  /** @defaultValue an hour */
  readonly intervalSeconds?: number;
}

const app = new DFApp();

const doPeriodicWork = app.activity("doPeriodicWork", (iteration: number) => `round ${iteration} is done`);

app.orchestration("eternal", function* (context, { iteration = 0, intervalSeconds = 3600 }: Round = {}) {
  const done = yield* context.callActivity(doPeriodicWork, iteration);
  context.setCustomStatus(done);

  yield* context.createTimer({ seconds: intervalSeconds });
  context.continueAsNew({ iteration: iteration + 1, intervalSeconds });
});
