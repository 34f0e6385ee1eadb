const df = require("durable-functions");

module.exports = df.orchestrator(function* (context) {
  context.log.info("hello", context.df.instanceId);
  const out = [];
  for (const city of context.df.getInput()) out.push(yield context.df.callActivity("SayHello", city));
  out.push(yield context.df.callActivity("Shout", "x"));
  const id = new df.EntityId("Counter", "k");
  yield context.df.callEntity(id, "add", 4);
  out.push(yield context.df.callEntity(id, "get"));
  return out;
});
