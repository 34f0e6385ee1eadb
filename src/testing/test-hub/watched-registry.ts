import type { VersioningOptions } from "../../core/versioning.ts";
import type { ActivityContext } from "../../worker/activity-context.ts";
import type { DurableHttpOptions } from "../../worker/durable-http/durable-http-options.ts";
import type { EntityDefinition } from "../../worker/entities/entity-definition.ts";
import { type ActivityDefinition, type OrchestrationDefinition, Registry } from "../../worker/registry.ts";

/** Runs an activity of an app in the place of the app. */
export type RunActivity = (definition: ActivityDefinition, input: unknown, context: ActivityContext) => unknown;

/** The functions of an app as they are at each moment, with all runs of its activities going through one function. */
export class WatchedRegistry extends Registry {
  readonly #app: Registry;
  readonly #run: RunActivity;

  constructor(app: Registry, run: RunActivity, durableHttp: DurableHttpOptions | undefined) {
    super({ dataConverter: app.dataConverter, durableHttp: durableHttp ?? app.durableHttp });
    this.#app = app;
    this.#run = run;
  }

  override get versioning(): VersioningOptions | undefined {
    return this.#app.versioning;
  }

  override findOrchestration(name: string): OrchestrationDefinition | undefined {
    return this.#app.findOrchestration(name);
  }

  override findActivity(name: string): ActivityDefinition | undefined {
    const definition = this.#app.findActivity(name);
    if (definition === undefined) return undefined;
    return { ...definition, activity: (input, context) => this.#run(definition, input, context) };
  }

  override findEntity(name: string): EntityDefinition | undefined {
    return this.#app.findEntity(name);
  }

  override get orchestrationNames(): readonly string[] {
    return this.#app.orchestrationNames;
  }

  override get activityNames(): readonly string[] {
    return this.#app.activityNames;
  }

  override get entityNames(): readonly string[] {
    return this.#app.entityNames;
  }
}
