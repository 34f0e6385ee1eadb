const df = require("durable-functions");

module.exports = async function (context, req) {
  const client = df.getClient(context);
  const id = await client.startNew(context.bindingData.name, undefined, req.body);
  context.res = await client.waitForCompletionOrCreateCheckStatusResponse(req, id, 10000, 100);
};
