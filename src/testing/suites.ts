export { describeBackend } from "./backend/backend-suite.ts";
export type { BackendUnderTest, OpenBackend, OpenOptions } from "./backend/hub-under-test.ts";
export {
  describeTaskHub,
  type ServedTaskHub,
  type TaskHubSuiteOptions,
  type TaskHubUnderTest,
} from "./task-hub-suite.ts";
