import { validate } from "../core/payloads/standard-schema.ts";
import type { Registry } from "./registry.ts";

/** What the apps of a process know of an orchestration before it is started. The first app that has the name decides. */
export class StartDefaults {
  readonly #registries: () => readonly Registry[];

  constructor(registries: () => readonly Registry[]) {
    this.#registries = registries;
  }

  /** Version of new instances that are started without one. */
  versionOf(name: string): string | undefined {
    return this.#find(name)?.registry.versioning?.version;
  }

  /** @param input JSON text @throws DurableError `InvalidPayload` with the path of each fault */
  async validateInput(name: string, input: string | undefined): Promise<void> {
    const { registry, definition } = this.#find(name) ?? {};
    if (registry === undefined || definition?.inputSchema === undefined) return;
    const what = `the input of orchestration '${name}'`;
    await validate(definition.inputSchema, registry.dataConverter.deserialize(input, what), what);
  }

  #find(name: string) {
    for (const registry of this.#registries()) {
      const definition = registry.findOrchestration(name);
      if (definition !== undefined) return { registry, definition };
    }
    return undefined;
  }
}
