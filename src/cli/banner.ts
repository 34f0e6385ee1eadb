import type { RunningHost } from "../host/local-host.ts";
import type { Terminal } from "./terminal.ts";

/** The first lines, printed before the app is loaded. */
export function formatBanner(productName: string, version: string, nodeVersion: string): readonly string[] {
  return [`${productName} ${version}`, `Node ${nodeVersion}`, ""];
}

/** What runs here and where: storage, functions with their URLs, durable functions. */
export function formatFunctions(host: RunningHost, paint: Terminal["paint"]): readonly string[] {
  const lines: string[] = [];
  if (host.engine !== undefined) {
    lines.push(`Storage:  ${host.engine.storage}`, `Task hub: ${host.engine.client.taskHub}`, "");
  }
  const http = host.app.functions.filter((fn) => fn.isHttp);
  const others = host.app.functions.filter((fn) => !fn.isHttp && fn.durable === undefined);
  const entries = [
    ...http.map(({ name, methods, route }) => {
      const shown = methods.length > 0 ? `[${methods.join(",")}] ` : "";
      return `${paint("yellow", name)}: ${paint("green", `${shown}${host.origin}/${route}`)}`;
    }),
    ...host.orchestrationNames.map((name) => `${paint("yellow", name)}: orchestration`),
    ...host.activityNames.map((name) => `${paint("yellow", name)}: activity`),
    ...host.entityNames.map((name) => `${paint("yellow", name)}: entity`),
    ...others.map(({ name, trigger }) => `${paint("yellow", name)}: ${trigger.binding.type} (not served locally)`),
    ...host.app.disabled.map((name) => paint("yellow", `Function ${name} is disabled.`)),
  ];
  if (entries.length === 0) lines.push("No functions found.", "");
  else lines.push("Functions:", "", ...entries.flatMap((entry) => [`\t${entry}`, ""]));
  return lines;
}

/**
 * A command to paste: starts an orchestration if there is a function with a route like `orchestrators/{name}`, else
 * calls the first HTTP function that needs no parameter values.
 */
export function suggestCommand(host: RunningHost): string | undefined {
  const http = host.app.functions.filter((fn) => fn.isHttp && fn.route !== undefined);
  const starter = http.find(
    ({ route, methods }) =>
      /orchestrators\/\{[^}]*\}$/.test(route!) && (methods.length === 0 || methods.includes("POST")),
  );
  const orchestration = host.orchestrationNames.find((name) => name === "helloSequence") ?? host.orchestrationNames[0];
  if (starter !== undefined && orchestration !== undefined) {
    const url = `${host.origin}/${starter.route!.replace(/\{[^}]*\}$/, orchestration)}`;
    const input =
      orchestration === "helloSequence" ? ` -H 'content-type: application/json' -d '["Tokyo","Seattle","London"]'` : "";
    return `curl -i -X POST ${url}${input}`;
  }
  const plain = http.find(({ route }) => !/\{[^}]*[^?}]\}/.test(route!)) ?? http[0];
  if (plain === undefined) return undefined;
  const method = plain.methods.length === 0 || plain.methods.includes("GET") ? "" : `-X ${plain.methods[0]} `;
  const route = plain.route!.replace(/\/?\{[^}]*\?\}$/, "");
  return `curl -i ${method}${host.origin}/${route}`;
}
