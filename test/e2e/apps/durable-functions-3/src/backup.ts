import * as df from "durable-functions";

df.app.activity("listFiles", { handler: (count: number) => Array.from({ length: count }, (_, n) => `file-${n}`) });
df.app.activity("copyFile", { handler: async (file: string): Promise<number> => file.length });

df.app.orchestration("backup", function* (context) {
  const count = context.df.getInput<number>();
  const files: string[] = yield context.df.callActivity("listFiles", count);
  const copies: df.Task[] = [];
  for (const file of files) copies.push(context.df.callActivity("copyFile", file));
  const sizes: number[] = yield context.df.Task.all(copies);
  context.df.setCustomStatus({ copied: sizes.length });
  return sizes.reduce((sum, size) => sum + size, 0);
});
