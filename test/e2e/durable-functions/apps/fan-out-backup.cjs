const df = require("durable-functions");
const { app } = require("@azure/functions");

const stored = new Map();

df.app.activity("listFiles", { handler: (folder) => ["a.txt", "b.txt", "c.txt"].map((name) => `${folder}/${name}`) });
df.app.activity("copyFile", {
  handler: async (path, context) => {
    context.log(`copies ${path}`);
    stored.set(path, path.length);
    return path.length;
  },
});
df.app.activity("fail", {
  handler: () => {
    throw new Error("disk is full");
  },
});

df.app.orchestration("backup", function* (context) {
  const files = yield context.df.callActivity("listFiles", context.df.getInput());
  const copies = files.map((file) => context.df.callActivity("copyFile", file));
  const sizes = yield context.df.Task.all(copies);
  return sizes.reduce((sum, size) => sum + size, 0);
});

// As each copy is done, whichever is first: the same tasks are waited for again and again.
df.app.orchestration("backupInAnyOrder", function* (context) {
  let open = ["x", "yy", "zzz", "yy"].map((file) => context.df.callActivity("copyFile", file));
  const sizes = [];
  while (open.length > 0) {
    const winner = yield context.df.Task.any(open);
    sizes.push(winner.result);
    open = open.filter((task) => task !== winner);
  }
  sizes.push(yield context.df.callActivity("copyFile", "last one"));
  return sizes;
});

df.app.orchestration("backupThatFails", function* (context) {
  try {
    yield context.df.Task.all([context.df.callActivity("copyFile", "a"), context.df.callActivity("fail", null)]);
    return "no";
  } catch (error) {
    return `${yield context.df.callActivity("copyFile", "after")} ${error.message.split("\n")[0]}`;
  }
});

app.http("start", {
  route: "orchestrators/{name}",
  extraInputs: [df.input.durableClient()],
  handler: async (request, context) => {
    const client = df.getClient(context);
    const id = await client.startNew(request.params.name, { input: await request.json() });
    return client.createCheckStatusResponse(request, id);
  },
});
