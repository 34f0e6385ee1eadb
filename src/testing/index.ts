export { type BackendUnderTest, describeBackend } from "./backend-suite.ts";
export * from "./history-builder.ts";
export { SteppedClock } from "./stepped-clock.ts";
export { describeTaskHub } from "./task-hub-suite.ts";
export {
  type BackendFault,
  type FaultPlan,
  type FaultyOperation,
  lockLost,
  type ScriptedFault,
  withBackendFaults,
} from "./with-backend-faults.ts";
