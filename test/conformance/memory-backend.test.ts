import { describeBackend } from "../../src/testing/backend/backend-suite.ts";
import { openMemoryHub } from "../support/memory-hub.ts";

describeBackend("memory", (options) => openMemoryHub(options));
