import * as df from "durable-functions";

df.app.entity<number>("Account", {
  handler: (context) => {
    const balance = context.df.getState(() => 100) ?? 0;
    if (context.df.operationName === "move") context.df.setState(balance + (context.df.getInput() ?? 0));
    else context.df.return(balance);
  },
});

df.app.orchestration("transfer", function* (context) {
  const { from, to, amount } = context.df.getInput<{ from: string; to: string; amount: number }>();
  const source = new df.EntityId("Account", from);
  const target = new df.EntityId("Account", to);
  const lock: df.DurableLock = yield context.df.lock(source, target);
  const refused: string[] = [];
  try {
    const state: df.LockState = context.df.isLocked();
    if (!state.isLocked || lock.ownedLocks.length !== 2) throw new Error("it holds no locks");
    try {
      context.df.signalEntity(source, "move", 1);
    } catch (error) {
      if (error instanceof df.LockingRulesViolationError) refused.push(df.LockingRulesViolationError.code);
    }
    yield context.df.callEntity(source, "move", -amount);
    yield context.df.callEntity(target, "move", amount);
    const balances: number[] = [
      yield context.df.callEntity(source, "get"),
      yield context.df.callEntity(target, "get"),
    ];
    return { balances, refused, isLock: lock instanceof df.DurableLock };
  } finally {
    lock.release();
  }
});
