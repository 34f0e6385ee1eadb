import type { TaskHubStore } from "../../engine/backend.ts";
import type { UnaryCalls } from "./unary-calls.ts";

/** The task hub as a whole. */
export function hubCalls(store: TaskHubStore): UnaryCalls<"hello" | "createTaskHub" | "deleteTaskHub"> {
  return {
    async hello() {
      return {};
    },
    async createTaskHub({ recreateIfExists }) {
      if (recreateIfExists) await store.deleteTaskHub();
      await store.createTaskHub();
      return {};
    },
    async deleteTaskHub() {
      await store.deleteTaskHub();
      return {};
    },
  };
}
