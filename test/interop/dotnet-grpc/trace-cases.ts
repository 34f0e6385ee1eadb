import { expect, type it } from "vitest";
import type { DotnetSdk } from "./dotnet-sdk.ts";
import { eventually } from "./sdk-under-test.ts";

interface Span {
  readonly name: string;
  readonly id: string;
  readonly parent: string;
}

/** @param sdk its worker has been started, and does so in the process of the client */
export function traceCases(sdk: () => DotnetSdk, test: typeof it.concurrent): void {
  test("client, orchestrations, children and activities are of one trace, each below its caller", async () => {
    const start = { name: "Traces", input: true };
    const { instanceId, traceId } = await sdk().ask<{ instanceId: string; traceId: string }>("startTraced", start);
    expect((await sdk().end(instanceId)).output).toEqual([traceId, traceId]);

    const paths = async () => pathsOf(await sdk().ask<Span[]>("spans", { traceId }));
    const top = "client/create_orchestration:Traces/orchestration:Traces";
    const child = `${top}/orchestration:Traces/orchestration:Traces`;
    await eventually(paths, [
      "client",
      "client/create_orchestration:Traces",
      top,
      // What the caller sees, and below it what runs.
      `${top}/activity:TraceId`,
      `${top}/activity:TraceId/activity:TraceId`,
      `${top}/orchestration:Traces`,
      child,
      `${child}/activity:TraceId`,
      `${child}/activity:TraceId/activity:TraceId`,
    ]);
  });
}

/** The names of each span and of those above it. */
function pathsOf(spans: readonly Span[]): readonly string[] {
  const byId = new Map(spans.map((span) => [span.id, span]));
  const pathOf = ({ name, parent }: Span): string => {
    if (/^0*$/.test(parent)) return name;
    const above = byId.get(parent);
    return `${above === undefined ? "unknown" : pathOf(above)}/${name}`;
  };
  return spans.map(pathOf).sort();
}
