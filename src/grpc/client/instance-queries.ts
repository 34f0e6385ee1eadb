import { isEntityInstanceId } from "../../core/entity-id.ts";
import { assertConditions, assertInstanceQuery, matchesConditions } from "../../core/instance-conditions.ts";
import type {
  InstanceConditions,
  InstanceIdPage,
  InstanceIdQuery,
  InstancePage,
  InstanceQuery,
  OrchestrationState,
} from "../../core/orchestration-state.ts";
import { isTerminalStatus } from "../../core/orchestration-status.ts";
import { fromWireState } from "../codec/states.ts";
import { toWireStatus } from "../codec/statuses.ts";
import { toTimestamp } from "../codec/times.ts";
import { nextTokenOf, pageSizeOf } from "./page-tokens.ts";
import type { UnaryCall } from "./unary-call.ts";

const countedPageSize = 1000;

/**
 * Queries over the protocol, which knows status, time of creation and prefix. By all other conditions this side looks
 * through the pages, which then hold fewer instances than were asked for, or none.
 */
export class InstanceQueries {
  readonly #call: UnaryCall;

  constructor(call: UnaryCall) {
    this.#call = call;
  }

  /** The protocol has one switch for all payloads. */
  async query(query: InstanceQuery): Promise<InstancePage> {
    assertInstanceQuery(query);
    const { runtimeStatus = [], createdTimeFrom, createdTimeTo, continuationToken } = query;
    const { fetchInput = true, fetchOutput } = query;
    const request = {
      query: {
        runtimeStatus: runtimeStatus.map(toWireStatus),
        createdTimeFrom: createdTimeFrom && toTimestamp(createdTimeFrom),
        createdTimeTo: createdTimeTo && toTimestamp(createdTimeTo),
        maxInstanceCount: pageSizeOf(query),
        continuationToken,
        instanceIdPrefix: query.instanceIdPrefix,
        fetchInputsAndOutputs: fetchInput !== false || fetchOutput === true,
      },
    };
    const page = await this.#call("queryInstances", request, "the query of instances");
    const instances = page.orchestrationState
      .map(fromWireState)
      .filter((state) => isMeant(state, query))
      .map(({ failureDetails: _, ...state }) => ({
        ...state,
        input: fetchInput === false ? undefined : state.input,
        output: fetchOutput === false ? undefined : state.output,
      }));
    return { instances, continuationToken: nextTokenOf(page.continuationToken, continuationToken) };
  }

  async count(conditions: InstanceConditions): Promise<number> {
    assertConditions(conditions);
    const bare = { fetchInput: false, fetchOutput: false, pageSize: countedPageSize };
    let count = 0;
    let continuationToken: string | undefined;
    do {
      const page = await this.query({ ...conditions, ...bare, continuationToken });
      count += page.instances.length;
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);
    return count;
  }

  async listIds(query: InstanceIdQuery): Promise<InstanceIdPage> {
    const { runtimeStatus: asked = [], completedTimeFrom, completedTimeTo, continuationToken } = query;
    const pageSize = pageSizeOf(query);
    const runtimeStatus = asked.filter(isTerminalStatus);
    if (asked.length > 0 && runtimeStatus.length === 0) return { instanceIds: [], continuationToken: undefined };
    const request = {
      runtimeStatus: runtimeStatus.map(toWireStatus),
      completedTimeFrom: completedTimeFrom && toTimestamp(completedTimeFrom),
      completedTimeTo: completedTimeTo && toTimestamp(completedTimeTo),
      pageSize,
      lastInstanceKey: continuationToken,
    };
    const page = await this.#call("listInstanceIds", request, "the list of instance ids");
    return {
      instanceIds: page.instanceIds,
      continuationToken: nextTokenOf(page.lastInstanceKey, continuationToken),
    };
  }
}

function isMeant(state: OrchestrationState, query: InstanceConditions): boolean {
  const { name, tags, lastUpdatedTimeFrom, lastUpdatedTimeTo, completedTimeFrom, completedTimeTo } = query;
  const times = { lastUpdatedTimeFrom, lastUpdatedTimeTo, completedTimeFrom, completedTimeTo };
  if (isEntityInstanceId(state.instanceId) && query.includeEntities !== true) return false;
  return matchesConditions(state, { name, tags, ...times, includeEntities: true });
}
