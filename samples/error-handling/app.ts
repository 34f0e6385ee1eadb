// The failure of an activity is an exception where its result was awaited: catch it, look at it, compensate.
//
//   curl -X POST localhost:7071/api/orchestrators/transferFunds -d '{"from": "A", "to": "closed", "amount": 5}'

import { DFApp, TaskFailedError } from "durable-functions-ts";

interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

class AccountClosed extends Error {
  override readonly name = "AccountClosed";
}

const app = new DFApp();

const debit = app.activity("debit", ({ from, amount }: Transfer) => `${amount} taken from ${from}`);
const refund = app.activity("refund", ({ from, amount }: Transfer) => `${amount} given back to ${from}`);

const credit = app.activity("credit", ({ to, amount }: Transfer) => {
  if (to === "closed") throw new AccountClosed(`account ${to} takes no money`);
  return `${amount} given to ${to}`;
});

const logError = app.activity("logError", (text: string, context) => context.log(text));

app.orchestration("transferFunds", function* (context, transfer: Transfer) {
  yield* context.callActivity(debit, transfer);
  try {
    const result = yield* context.callActivity(credit, transfer);
    return { success: true, result };
  } catch (error) {
    yield* context.callActivity(logError, String(error));
    const result = yield* context.callActivity(refund, transfer);
    return { success: false, result, error: describe(error) };
  }
});

/** What was thrown in another process comes back as data, with its class by name. */
function describe(error: unknown): string {
  if (!(error instanceof TaskFailedError)) throw error;
  const { errorType, errorMessage } = error.failureDetails;
  return `${errorType}: ${errorMessage}`;
}
