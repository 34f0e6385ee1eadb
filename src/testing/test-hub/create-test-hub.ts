import { TestHub } from "./test-hub.ts";
import { resolveTestHubOptions, type TestHubOptions } from "./test-hub-options.ts";
import { findTestedFunctions, type TestedApp } from "./tested-functions.ts";

/**
 * An app in memory for a test: its orchestrations and entities run at once, on a clock that skips what nobody needs, so that
 * days of timers and retries take no time. Works with every test runner; nothing runs beside the test.
 *
 * @param app @defaultValue all apps that the test has imported
 * @example
 * import "./app.js";
 *
 * test("an order that nobody approves is cancelled after three days", async () => {
 *   await using hub = createTestHub();
 *   const run = await hub.start("processOrder", { id: 7 });
 *   assert.equal(await run.result(), "cancelled");
 * });
 * @throws DurableError `InvalidOption`, `DuplicateRegistration`, `ActivityNotRegistered`
 */
export function createTestHub(app?: TestedApp, options: TestHubOptions = {}): TestHub {
  const resolved = resolveTestHubOptions(options);
  return new TestHub(findTestedFunctions(app), resolved);
}
