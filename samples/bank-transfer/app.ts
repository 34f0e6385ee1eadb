// Money moves from one account to another, and nobody sees it on both or on neither: the orchestration locks both
// accounts while it works.
//
//   curl -X POST localhost:7071/api/accounts/ann/deposit -d 100
//   curl -X POST localhost:7071/api/transfers -d '{"from": "ann", "to": "bob", "amount": 30}'
//   curl localhost:7071/api/accounts/bob

import { DFApp, EntityId, isTaskFailedError } from "durable-functions-ts";

interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

const app = new DFApp();

class InsufficientFunds extends Error {
  override readonly name = "InsufficientFunds";
}

class Account {
  balance = 0;

  deposit(amount: number): number {
    assertAmount(amount);
    this.balance += amount;
    return this.balance;
  }

  withdraw(amount: number): number {
    assertAmount(amount);
    if (amount > this.balance) throw new InsufficientFunds(`${this.balance} is not enough for ${amount}`);
    this.balance -= amount;
    return this.balance;
  }

  get(): number {
    return this.balance;
  }
}

const account = app.entity("Account", Account);

function assertAmount(amount: number): void {
  if (!(amount > 0)) throw new RangeError(`an amount must be above 0, but got ${JSON.stringify(amount)}`);
}

/** With async and await: `await using` gives the locks back, however the block is left. */
const transfer = app.orchestration("transferAsync", async (context, { from, to, amount }: Transfer) => {
  const source = context.entity(account, from);
  const target = context.entity(account, to);

  await using _lock = await context.lock(source, target);
  try {
    await source.withdraw(amount);
  } catch (error) {
    if (!isTaskFailedError(error, "InsufficientFunds")) throw error;
    return { moved: false, reason: error.failureDetails.errorMessage };
  }
  await target.deposit(amount);
  return { moved: true };
});

/** As a generator: what was read under the lock is still true when it is acted on. */
app.orchestration("transferGenerator", function* (context, { from, to, amount }: Transfer) {
  const source = context.entity(account, from);
  const target = context.entity(account, to);

  const lock = yield* context.lock(source, target);
  try {
    const balance = yield* source.get();
    if (balance < amount) return { moved: false, reason: `${balance} is not enough for ${amount}` };
    yield* source.withdraw(amount);
    yield* target.deposit(amount);
    return { moved: true };
  } finally {
    lock.release();
  }
});

app.http("transfer", {
  route: "transfers",
  methods: ["POST"],
  handler: async (request, client) => {
    const input = (await request.json()) as Transfer;
    const id = await client.startNew(transfer, { input });
    return client.waitForCompletionOrCreateCheckStatusResponse(request, id, {
      timeoutInMilliseconds: 60_000,
      retryIntervalInMilliseconds: 200,
    });
  },
});

app.http("deposit", {
  route: "accounts/{owner}/deposit",
  methods: ["POST"],
  handler: async (request, client) => {
    const id = new EntityId("Account", request.params.owner);
    try {
      return { jsonBody: await client.callEntity<number>(id, "deposit", await request.json()) };
    } catch (error) {
      if (isTaskFailedError(error)) return { status: 400, body: error.message };
      throw error;
    }
  },
});

app.http("balance", {
  route: "accounts/{owner}",
  methods: ["GET"],
  handler: async (request, client) => {
    const { entityState } = await client.readEntityState<Account>(new EntityId("Account", request.params.owner));
    return entityState === undefined ? { status: 404 } : { jsonBody: entityState.balance };
  },
});
