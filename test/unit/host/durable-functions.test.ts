import { describe, expect, it } from "vitest";
import { clientInputs, readDurableFunction } from "../../../src/host/app/durable-functions.ts";
import { formatClientBinding } from "../../../src/host/classic/client-binding.ts";
import { readRecorded } from "./classic/recorded-invocations.ts";

function registered(binding: { readonly type: string; readonly [option: string]: unknown }) {
  const metadata = { name: "Fn", functionId: "Fn", bindings: { t: binding } };
  return readDurableFunction({ metadata, callback: () => {}, scriptPath: undefined }, { name: "t", binding });
}

describe("a function with a durable trigger", () => {
  it("is known by its trigger, under its own name or a given one", () => {
    expect(registered({ type: "orchestrationTrigger" })).toMatchObject({ kind: "orchestration", name: "Fn" });
    expect(registered({ type: "ActivityTrigger", activity: "work" })).toMatchObject({ kind: "activity", name: "work" });
    expect(registered({ type: "entityTrigger", entityName: "" })).toMatchObject({ kind: "entity", name: "Fn" });
  });

  it("is none when it has another trigger", () => {
    expect(registered({ type: "timerTrigger" })).toBeUndefined();
  });

  it("speaks JSON unless it asks for gRPC", () => {
    expect(registered({ type: "orchestrationTrigger" })).toMatchObject({ protocol: "json" });
    expect(registered({ type: "entityTrigger", durableRequiresGrpc: true })).toMatchObject({ protocol: "protobuf" });
  });

  it("gets a client through the inputs that ask for one", () => {
    const bindings = {
      a: { type: "durableClient" },
      b: { type: "orchestrationClient" },
      c: { type: "durableClient", durableRequiresGrpc: "True" },
      d: { type: "httpTrigger" },
    };
    expect([...clientInputs({ name: "f", bindings })]).toEqual([
      ["a", "json"],
      ["b", "json"],
      ["c", "protobuf"],
    ]);
  });
});

describe("the value of a client binding", () => {
  it("is that of the extension, without keys", () => {
    const [recorded] = readRecorded("durableClient") as unknown as { extraInputs: [object, object][] }[];
    const [, theirs] = recorded!.extraInputs[0]!;

    const ours = formatClientBinding({
      taskHub: "RecB",
      connectionName: "Storage",
      managementBaseUrl: "http://HOST/runtime/webhooks/durabletask",
    });

    const withoutKeys = JSON.stringify(theirs)
      .replaceAll("&code=SYSTEMKEY", "")
      .replaceAll("?code=SYSTEMKEY", "")
      .replace("code=SYSTEMKEY", "")
      // The library's own requests go where all others go.
      .replace('"http://HOST/durabletask/"', '"http://HOST/runtime/webhooks/durabletask/"');
    expect(ours).toBe(withoutKeys);
  });
});
