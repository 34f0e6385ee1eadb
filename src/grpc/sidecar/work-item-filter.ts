import type { WorkItemFilters } from "../proto/orchestrator_service_pb.ts";

/** The three kinds of work that a worker can take. */
export type WorkKind = "orchestration" | "activity" | "entity";

/** What a work item asks for. */
export interface WorkName {
  readonly kind: WorkKind;
  /** Of the orchestration or activity; of an entity, without its key. */
  readonly name: string;
  /** Means nothing for entities. */
  readonly version: string | undefined;
}

/** Says which work a worker takes. */
export interface WorkItemFilter {
  takes(work: WorkName): boolean;
  /** `false` when it takes no work of that kind at all. */
  takesAny(kind: WorkKind): boolean;
}

const everything: WorkItemFilter = { takes: () => true, takesAny: () => true };

/**
 * Reads the filters of a worker. Without any it takes everything, and so does one that lists nothing: .NET workers always
 * send filters. With them it takes only what they list, so that a kind without entries is not taken at all. An entry
 * without versions stands for all of them; the empty version for work that has none. An activity without a version fits
 * any: workers that run one version only list that for their activities too, and call them without it.
 */
export function readWorkItemFilters(filters: WorkItemFilters | undefined): WorkItemFilter {
  if (filters === undefined) return everything;
  const { orchestrations, activities, entities } = filters;
  if (orchestrations.length + activities.length + entities.length === 0) return everything;
  const anyVersion: readonly string[] = [];
  const allowed: Readonly<Record<WorkKind, ReadonlyMap<string, readonly string[]>>> = {
    orchestration: versionsByName(orchestrations),
    activity: versionsByName(activities),
    entity: versionsByName(entities.map(({ name }) => ({ name: name.toLowerCase(), versions: anyVersion }))),
  };
  return {
    takes({ kind, name, version }) {
      const versions = allowed[kind].get(kind === "entity" ? name.toLowerCase() : name);
      if (versions === undefined || versions.length === 0) return versions !== undefined;
      return versions.includes(version ?? "") || (kind === "activity" && (version ?? "") === "");
    },
    takesAny: (kind) => allowed[kind].size > 0,
  };
}

/** A name may come several times; an entry for all versions counts most. */
function versionsByName(
  entries: readonly { readonly name: string; readonly versions: readonly string[] }[],
): ReadonlyMap<string, readonly string[]> {
  const byName = new Map<string, readonly string[]>();
  for (const { name, versions } of entries) {
    const earlier = byName.get(name);
    const isForAll = versions.length === 0 || earlier?.length === 0;
    byName.set(name, isForAll ? [] : [...(earlier ?? []), ...versions]);
  }
  return byName;
}
