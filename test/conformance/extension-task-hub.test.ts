import { describeTaskHub } from "../../src/testing/task-hub-suite.ts";
import { openExtensionHub } from "../support/functions-host-double/extension-hub.ts";

const noPatches = "the Durable extension has no place for patches";

/** What the protocol of the extension cannot carry. */
const without = {
  "takes the new way from its start on": noPatches,
  "takes an instance the way its code was when it came there, and a new one the new way": noPatches,
  "tells activities who calls": "the Durable extension does not tell activities the number of their task",
};

describeTaskHub("a Functions app behind the Durable extension", () => openExtensionHub("events"), { without });
