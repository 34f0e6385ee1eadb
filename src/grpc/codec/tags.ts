import type { Tags } from "../../core/history-event.ts";

/** The wire knows no difference between no tags and none at all. */
export function toWireTags(tags: Tags | undefined): Record<string, string> {
  return { ...tags };
}

/** Absent when there are none. */
export function fromWireTags(tags: Readonly<Record<string, string>>): Tags | undefined {
  return Object.keys(tags).length === 0 ? undefined : { ...tags };
}
