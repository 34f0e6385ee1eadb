import { DurableError } from "../core/errors.ts";
import type { TaskHubStore } from "./backend.ts";

const maxShown = 3;

/**
 * Deletes a hub that nobody works on.
 *
 * @param force whoever works on it
 * @throws DurableError `TaskHubInUse`, `TaskHubNotFound`
 */
export async function deleteTaskHub(
  store: Pick<TaskHubStore, "taskHub" | "readWorkers" | "deleteTaskHub">,
  force: boolean,
): Promise<void> {
  const workers = await store.readWorkers();
  if (workers === undefined) {
    // With force what an earlier deletion has left goes too.
    if (force) return store.deleteTaskHub();
    throw new DurableError("TaskHubNotFound", `there is no task hub '${store.taskHub}' in this storage`);
  }
  if (workers.length > 0 && !force) {
    const shown = workers.slice(0, maxShown).map(({ workerId, until }) => {
      return until === undefined ? workerId : `${workerId} (until ${until.toISOString()} unless it renews)`;
    });
    const others = workers.length > maxShown ? ` and ${workers.length - maxShown} more` : "";
    throw new DurableError(
      "TaskHubInUse",
      `the task hub '${store.taskHub}' is in use by ${shown.join(", ")}${others}: stop them first, or force the deletion`,
    );
  }
  await store.deleteTaskHub();
}
