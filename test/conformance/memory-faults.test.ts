import { describeBackend } from "../../src/testing/backend/backend-suite.ts";
import { withBackendFaults } from "../../src/testing/with-backend-faults.ts";
import { openMemoryHub } from "../support/memory-hub.ts";

describeBackend("memory behind faults that never come", (options) => {
  return openMemoryHub(options, (hub) => withBackendFaults(hub, []));
});
