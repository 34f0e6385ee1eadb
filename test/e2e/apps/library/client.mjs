// A client alone, in a process without an app and without a worker.
import { DurableClient } from "durable-functions-ts";

const client = await DurableClient.connect({ connection: "OrdersStorage", taskHub: process.env.TASK_HUB });
const run = await client.startOrGet("twice", 10, { instanceId: "from-elsewhere" });
console.log(JSON.stringify({ isNew: run.isNew, result: await run.result({ timeout: "60s" }) }));
await client.close();
