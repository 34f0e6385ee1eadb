import type { DescribedOrchestration } from "./described-app.ts";
import type { JsonSchema } from "./json-schema-of.ts";
import {
  body,
  boolean,
  failed,
  json,
  operation,
  type PathItem,
  path,
  pollingHeaders,
  problem,
  query,
  ref,
  statusFlags,
  text,
  tooLarge,
  unknown,
} from "./operation.ts";
import type { SchemaComponents } from "./schema-components.ts";

const seconds = { type: "number", exclusiveMinimum: 0 };
/** Waiting is asked for by both. */
const wait = [
  query("timeout", seconds, "Seconds to wait for the end; with `pollingInterval` only"),
  query("pollingInterval", seconds, "Seconds between two looks at the instance; with `timeout` only"),
];
const links = json(ref("ManagementLinks"), "Started. `Location` is the status of the instance", pollingHeaders);
const instanceId = path("instanceId", "The id of the instance");

/** What answers a start, which may wait for the end. */
function started(output: JsonSchema): object {
  const isOpen = Object.keys(output).length === 0;
  return {
    200: json(
      isOpen ? {} : { anyOf: [output, ref("InstanceStatus")] },
      "The output, or the status of an instance that has not completed; only where `timeout` was given",
    ),
    202: links,
    ...failed,
  };
}

/** Starts: of each orchestration that is known, and of any by its name. */
export function orchestrationPaths(
  orchestrations: readonly DescribedOrchestration[],
  components: SchemaComponents,
): Readonly<Record<string, PathItem>> {
  const start = (
    id: string,
    parameters: readonly object[],
    input: JsonSchema,
    output: JsonSchema,
    summary: string,
  ) => ({
    post: operation(
      id,
      "orchestrations",
      summary,
      [...parameters, query("version", text, "Of the orchestration"), ...wait, ...statusFlags],
      {
        ...started(output),
        409: problem("The id is in use"),
        415: problem("The input is not sent as JSON"),
        ...tooLarge,
      },
      body(input, "The input"),
    ),
  });
  const name = path("name", "The name of the orchestration");
  const known = orchestrations.flatMap((each) => {
    const input = components.add(`${each.name}Input`, each.inputSchema, "input");
    const output = components.add(`${each.name}Output`, each.outputSchema, "output");
    const route = `/orchestrators/${encodeURIComponent(each.name)}`;
    const summary = `Starts ${each.name}`;
    return [
      [route, start(`start_${each.name}`, [], input, output, summary)],
      [`${route}/{instanceId}`, start(`start_${each.name}_as`, [instanceId], input, output, `${summary} under an id`)],
    ] as const;
  });
  return {
    ...Object.fromEntries(known),
    "/orchestrators/{name}": start("startOrchestration", [name], {}, {}, "Starts an orchestration"),
    "/orchestrators/{name}/{instanceId}": start(
      "startOrchestrationAs",
      [name, instanceId],
      {},
      {},
      "Starts an orchestration under an id",
    ),
    "/instances/{instanceId}/restart": {
      post: operation(
        "restart",
        "instances",
        "Starts the same again, with its input",
        [
          instanceId,
          query("restartWithNewInstanceId", { ...boolean, default: true }, "Whether under a new id"),
          ...wait,
          ...statusFlags,
        ],
        { ...started({}), ...unknown, 409: problem("It has not ended") },
      ),
    },
  };
}
