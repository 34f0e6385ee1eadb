import { type FileHandle, open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DurableError, isDurableError, messageOf } from "../core/errors.ts";
import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { InstanceConditions } from "../core/orchestration-state.ts";
import { parseRecordedHistory, type RecordedHistory } from "../management/recorded-history.ts";

const pageSize = 100;

/** The histories of a hub, one after the other; those of entities are left out. */
export async function* readHistories(
  client: Pick<OrchestrationClient, "queryInstances" | "getHistory">,
  conditions: InstanceConditions,
): AsyncGenerator<RecordedHistory> {
  let continuationToken: string | undefined;
  do {
    const query = { ...conditions, pageSize, continuationToken, fetchInput: false, fetchOutput: false };
    const page = await client.queryInstances(query);
    for (const { instanceId, name, runtimeStatus: status } of page.instances) {
      const history = await client.getHistory(instanceId);
      // Purged meanwhile, or not begun yet.
      if (history !== undefined && history.length > 0) yield { instanceId, name, status, history };
    }
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
}

/** @throws DurableError `InvalidOption` */
export async function openForWriting(path: string): Promise<FileHandle> {
  try {
    return await open(path, "w");
  } catch (cause) {
    throw new DurableError("InvalidOption", `--out cannot be written: ${messageOf(cause)}`, { cause });
  }
}

/**
 * The histories of a file, one in each line, or of all such files of a folder. A file may also hold one over several
 * lines, as formatters write it.
 *
 * @param what names the path, for an error
 * @throws DurableError `InvalidOption` when there is no such file or folder, `CorruptData` that names file and line
 */
export async function* readHistoryFiles(path: string, what = "--histories"): AsyncGenerator<RecordedHistory> {
  for (const file of await findFiles(path, what)) {
    const text = await readFile(file, "utf8");
    const lines = /^\uFEFF?\s*\{\s*\r?\n/.test(text) ? [text] : text.split(/\r?\n/);
    for (const [index, line] of lines.entries()) {
      if (line.trim() === "") continue;
      try {
        yield parseRecordedHistory(line.replace(/^\uFEFF/, ""));
      } catch (error) {
        if (!isDurableError(error, "CorruptData")) throw error;
        throw new DurableError("CorruptData", `${file}, line ${index + 1}: ${error.message}`, { cause: error });
      }
    }
  }
}

async function findFiles(path: string, what: string): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => /\.(?:json|jsonl|ndjson)$/i.test(name));
    return names.sort().map((name) => join(path, name));
  } catch (cause) {
    throw new DurableError("InvalidOption", `${what} cannot be read: ${messageOf(cause)}`, { cause });
  }
}
