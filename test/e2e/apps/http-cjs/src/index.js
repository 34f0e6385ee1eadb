const { app } = require("@azure/functions");

app.hook.appStart(() => console.log(`appStart in ${process.cwd()}`));
app.hook.appTerminate(async () => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  console.log("appTerminate");
});
app.hook.preInvocation((context) => {
  if (context.invocationContext.functionName !== "hooked") return;
  const handler = context.functionHandler;
  context.functionHandler = async (...args) => `pre(${await handler(...args)})`;
});
app.hook.postInvocation((context) => {
  if (context.invocationContext.functionName === "hooked") context.result = { body: `${context.result} post` };
  if (context.invocationContext.functionName === "rescued") {
    context.error = null;
    context.result = { status: 418 };
  }
});
app.hook.log((context) => {
  if (context.message.includes("secret")) context.message = "***";
});
