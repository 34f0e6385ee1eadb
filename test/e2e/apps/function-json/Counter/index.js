const df = require("durable-functions");

module.exports = df.entity(function (context) {
  const value = context.df.getState(() => 0);
  context.log.verbose("operation", context.df.operationName);
  if (context.df.operationName === "add") context.df.setState(value + context.df.getInput());
  else context.df.return(value);
});
