import type { RunningHost } from "../host/running-host.ts";
import type { LocalTrigger } from "../host/triggers/local-trigger.ts";
import type { Paint } from "./log-line.ts";

/** The first lines, printed before the app is loaded. */
export function formatBanner(
  productName: string,
  version: string,
  process: { readonly version: string; readonly pid: number },
): readonly string[] {
  return [`${productName} ${version}`, `Node ${process.version}, process ${process.pid}`, ""];
}

/** What runs here and where: storage, functions with their URLs, durable functions; one line each. */
export function formatFunctions(host: RunningHost, paint: Paint): readonly string[] {
  const lines: string[] = [];
  if (host.engine !== undefined) {
    lines.push(`Storage:  ${host.engine.storage}`, `Task hub: ${host.engine.client.taskHub}`, "");
  }
  const http = host.app.functions.filter((fn) => fn.isHttp);
  const others = host.app.functions.filter((fn) => !fn.isHttp && fn.durable === undefined);
  const entries = [
    ...http.map(({ name, methods, route, authLevel }) => {
      const shown = methods.length > 0 ? `[${methods.join(",")}] ` : "";
      const level = host.keySource === undefined || authLevel === "anonymous" ? "" : ` (needs a key: ${authLevel})`;
      return `${paint("yellow", name)}: ${paint("green", `${shown}${host.origin}/${route}`)}${level}`;
    }),
    ...host.orchestrationNames.map((name) => `${paint("yellow", name)}: orchestration`),
    ...host.activityNames.map((name) => `${paint("yellow", name)}: activity`),
    ...host.entityNames.map((name) => `${paint("yellow", name)}: entity`),
    ...others.map(({ name, trigger, local }) => {
      return `${paint("yellow", name)}: ${trigger.binding.type} (${describeLocal(local)})`;
    }),
    ...host.app.disabled.map((name) => paint("yellow", `Function ${name} is disabled.`)),
  ];
  if (entries.length === 0) lines.push("No functions found.", "");
  else lines.push("Functions:", "", ...entries.map((entry) => `\t${entry}`), "");
  return lines;
}

function describeLocal(local: LocalTrigger | undefined): string {
  if (local === undefined) return "not served locally";
  return local.kind === "timer" ? local.text : local.queueName;
}

/** What {@link suggestCommand} asks of a host. */
export interface SuggestedHost {
  readonly origin: string;
  readonly firstOrchestration: string | undefined;
  readonly orchestrationNames: readonly string[];
  /** Absent where callers need no keys. */
  readonly keySource?: string | undefined;
  readonly app: {
    readonly functions: readonly {
      readonly name: string;
      readonly isHttp: boolean;
      readonly methods: readonly string[];
      readonly route: string | undefined;
      /** @defaultValue "anonymous" */
      readonly authLevel?: string | undefined;
    }[];
  };
}

/**
 * A command to paste: starts an orchestration if there is a function with a route like `orchestrators/{name}`, else
 * calls an HTTP function, with values for the parameters of its route. What may read a body gets one.
 *
 * @param platform whose shells shall take it
 */
export function suggestCommand(host: SuggestedHost, platform: NodeJS.Platform): string | undefined {
  const http = host.app.functions.flatMap(({ isHttp, methods, route, authLevel = "anonymous" }) => {
    const needsKey = host.keySource !== undefined && authLevel !== "anonymous";
    return isHttp && route !== undefined ? [{ methods, route, needsKey }] : [];
  });
  const starter = http.find(({ route, methods }) => {
    return /orchestrators\/\{[^{}]*\}$/.test(route) && (methods.length === 0 || methods.includes("POST"));
  });
  const orchestration = chooseOrchestration(host);
  if (starter !== undefined && orchestration !== undefined) {
    // What the hello of every tutorial greets.
    const input = /^hello/i.test(orchestration) ? ["Tokyo", "Seattle", "London"] : {};
    const route = starter.route.replace(/\{[^{}]*\}$/, () => encodeURIComponent(orchestration));
    return formatCurl("POST", `${host.origin}/${fillRoute(route)}`, input, platform, starter.needsKey);
  }
  const plain = http.find(({ route }) => !/\{[^{}]*[^?}]\}/.test(route)) ?? http[0];
  if (plain === undefined) return undefined;
  const method = plain.methods.length === 0 || plain.methods.includes("GET") ? "GET" : plain.methods[0]!;
  const input = method === "GET" || method === "HEAD" || method === "DELETE" ? undefined : {};
  return formatCurl(method, `${host.origin}/${fillRoute(plain.route)}`, input, platform, plain.needsKey);
}

/** The one that a reader of the app would start first. */
function chooseOrchestration({ orchestrationNames, firstOrchestration }: SuggestedHost): string | undefined {
  const hello = orchestrationNames.filter((name) => /^hello/i.test(name));
  return hello.find((name) => name === "helloSequence") ?? hello[0] ?? firstOrchestration ?? orchestrationNames[0];
}

/** A path that the route takes: parameters have values, but for those at its end that may be absent. */
function fillRoute(route: string): string {
  return route
    .replace(/(?:\/?\{[^{}]*\?\})+$/, "")
    .replace(/\{([^{}]*)\}/g, (_, parameter: string) => sampleOf(parameter));
}

const samples: readonly (readonly [RegExp, string])[] = [
  [/:guid\b/, "00000000-0000-0000-0000-000000000001"],
  [/:bool\b/, "true"],
  [/:alpha\b/, "a"],
  [/:datetime\b/, "2026-01-01"],
];

function sampleOf(parameter: string): string {
  return samples.find(([constraint]) => constraint.test(parameter))?.[1] ?? "1";
}

function formatCurl(method: string, url: string, input: unknown, platform: NodeJS.Platform, needsKey: boolean): string {
  // PowerShell has another command under the plain name.
  const [curl, quote] =
    platform === "win32" ? (["curl.exe", quoteForCmd] as const) : (["curl", quoteForShell] as const);
  const verb = method === "GET" ? "" : ` -X ${method}`;
  const key = needsKey ? ` -H ${quote("x-functions-key: <key>")}` : "";
  const head = `${curl} -i${verb}${key} ${url}`;
  if (input === undefined) return head;
  return `${head} -H ${quote("content-type: application/json")} -d ${quote(JSON.stringify(input))}`;
}

function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function quoteForCmd(text: string): string {
  return `"${text.replaceAll('"', '\\"')}"`;
}
