import { z } from "zod";
import { DFApp, defineEvent } from "../../../../dist/index.js";

console.log("the app is loaded");

const app = new DFApp({ httpAuthLevel: "function" });
const order = z.object({ article: z.string(), count: z.number().int().positive() });
/** Refers to itself. */
const folder = z.object({
  name: z.string(),
  get folders() {
    return z.array(folder);
  },
});

export const approval = defineEvent("Approval", z.object({ approved: z.boolean() }));

app.orchestration("order", {
  input: order,
  output: z.object({ total: z.number() }),
  handler: function* (context, { count }) {
    yield* context.waitForExternalEvent(approval);
    return { total: count * 2 };
  },
});
app.orchestration("walk", {
  input: folder,
  handler: function* (_context, { name }) {
    return name;
  },
});
app.entity("Counter", {
  handler: class Counter {
    value = 0;
    add(amount) {
      this.value += amount;
    }
  },
  state: z.object({ value: z.number() }),
  operations: { add: { input: z.number() } },
});
app.http("read", { route: "orders/{id:int}/{part?}", methods: ["GET"], handler: () => ({ body: "read" }) });
// The same path, and the name of an operation of the management API.
app.http("terminate", {
  route: "orders/{key}",
  methods: ["DELETE"],
  authLevel: "anonymous",
  handler: () => ({ status: 204 }),
});
