import type { TaskHubStore } from "../../engine/backend.ts";
import type { UnaryCalls } from "./unary-calls.ts";

/**
 * The task hub as a whole.
 *
 * @param onDeleted is called when its storage was deleted, with all that was waited for
 */
export function hubCalls(
  store: TaskHubStore,
  onDeleted: () => void,
): UnaryCalls<"hello" | "createTaskHub" | "deleteTaskHub"> {
  const deleteTaskHub = async () => {
    await store.deleteTaskHub();
    onDeleted();
  };
  return {
    async hello() {
      return {};
    },
    async createTaskHub({ recreateIfExists }) {
      if (recreateIfExists) await deleteTaskHub();
      await store.createTaskHub();
      return {};
    },
    async deleteTaskHub() {
      await deleteTaskHub();
      return {};
    },
  };
}
