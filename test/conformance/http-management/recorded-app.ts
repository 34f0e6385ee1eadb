import { DFApp } from "../../../src/functions/df-app.ts";
import type { EmbeddedApp } from "../../../src/functions/embedded-host.ts";
import { installEmbeddedHost } from "../../../src/functions/embedded-host.ts";
import type { Registry } from "../../../src/worker/registry.ts";

/** The app that was asked when the exchanges were recorded, written for this package. */
export function createRecordedApp(isMended: () => boolean): readonly Registry[] {
  const registries: Registry[] = [];
  const uninstall = installEmbeddedHost({
    attach: (attached: EmbeddedApp) => void registries.push(attached.registry),
    connect: () => Promise.reject(new Error("nobody connects")),
  });
  const app = new DFApp();
  uninstall();

  app.activity("sayHello", (city: string) => `Hello ${city}!`);
  app.activity("boom", () => {
    throw new Error("boom went the activity");
  });
  app.activity("flaky", () => {
    if (!isMended()) throw new Error("not yet");
    return "fine now";
  });
  app.orchestration("helloSequence", function* (context, cities: string[] | null) {
    const greetings: string[] = [];
    for (const city of cities ?? ["Tokyo", "Seattle", "London"]) {
      greetings.push(yield* context.callActivity<string>("sayHello", city));
    }
    return greetings;
  });
  app.orchestration("waitEvent", function* (context) {
    context.setCustomStatus({ stage: "waiting" });
    const value = yield* context.waitForExternalEvent("go");
    context.setCustomStatus({ stage: "got", v: value });
    return value ?? "undefined";
  });
  app.orchestration("failing", function* (context) {
    yield* context.callActivity("boom", 1);
  });
  app.orchestration("throwing", function* () {
    throw new Error("orchestrator threw");
  });
  app.orchestration("flakyOrch", function* (context) {
    return yield* context.callActivity("flaky", 1);
  });
  app.orchestration("timer", function* (context) {
    yield* context.createTimer("2s");
    return "timer done";
  });
  app.orchestration("parent", function* (context) {
    return yield* context.callSubOrchestrator("helloSequence", ["Sub"]);
  });
  app.orchestration("parentOfFailing", function* (context) {
    return yield* context.callSubOrchestrator("failing", null);
  });
  app.orchestration("eternal", function* (context, n: number) {
    yield* context.callActivity("sayHello", String(n));
    if (n < 2) return context.continueAsNew(n + 1);
    return `ended at ${n}`;
  });
  app.orchestration("retrying", function* (context) {
    return yield* context.callActivity("boom", 1, { retry: { firstInterval: 500, maxAttempts: 2 } });
  });
  app.orchestration("entityCall", function* (context) {
    const counter = { name: "Counter", key: "viaorch" };
    yield* context.callEntity(counter, "add", 5);
    return yield* context.callEntity(counter, "get");
  });
  app.entity<number>("Counter", (context) => {
    const value = context.df.getState(() => 0) ?? 0;
    switch (context.df.operationName) {
      case "add":
        return context.df.setState(value + Number(context.df.getInput()));
      case "reset":
        return context.df.setState(0);
      case "delete":
        return context.df.destructOnExit();
      case "get":
        return context.df.return(value);
    }
  });
  return registries;
}
