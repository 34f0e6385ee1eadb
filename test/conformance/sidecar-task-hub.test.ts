import { describeTaskHub } from "../../src/testing/task-hub-suite.ts";
import { openServedHub } from "../support/served-hub.ts";

describeTaskHub("memory behind the sidecar", openServedHub);
