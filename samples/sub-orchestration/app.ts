// An orchestration that is made of others. Each child has an id, a history and a status of its own.
//
//   curl -X POST localhost:7071/api/orchestrators/bookTrip -d '["Rome", "Naples"]'

import { DFApp } from "durable-functions-ts";

const app = new DFApp();

const reserve = app.activity("reserve", (what: string) => `reserved: ${what}`);

const bookStay = app.orchestration("bookStay", function* (context, city: string) {
  const train = yield* context.callActivity(reserve, `train to ${city}`);
  const room = yield* context.callActivity(reserve, `room in ${city}`);
  return [train, room];
});

/** The output of a child is typed by its handle; children may run side by side, as activities may. */
app.orchestration("bookTrip", function* (context, cities: string[]) {
  const stays = yield* context.all(cities.map((city) => context.callSubOrchestrator(bookStay, city)));
  return stays.flat();
});

/** A child by name, under an id that others know. */
app.orchestration("bookWeekend", function* (context, city: string) {
  const options = { instanceId: `${context.instanceId}-${city}` };
  return yield* context.callSubOrchestrator<string[]>("bookStay", city, options);
});
