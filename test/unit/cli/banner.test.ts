import { expect, it } from "vitest";
import { type SuggestedHost, suggestCommand } from "../../../src/cli/banner.ts";

const starter = { name: "start", isHttp: true, methods: ["POST"], route: "api/orchestrators/{name}" };

function hostWith(
  more: Partial<Omit<SuggestedHost, "app">>,
  functions: SuggestedHost["app"]["functions"],
): SuggestedHost {
  const origin = "http://localhost:7071";
  return { origin, firstOrchestration: undefined, orchestrationNames: [], ...more, app: { functions } };
}

const http = (route: string, methods: readonly string[] = []) => ({ name: "f", isHttp: true, methods, route });

it.each<[string, SuggestedHost, string | undefined]>([
  [
    "the orchestration of the first example gets its input",
    hostWith({ firstOrchestration: "a", orchestrationNames: ["a", "helloAsync", "helloSequence"] }, [starter]),
    `curl -i -X POST http://localhost:7071/api/orchestrators/helloSequence -H 'content-type: application/json' -d '["Tokyo","Seattle","London"]'`,
  ],
  [
    "else the first that was registered is started, with a body",
    hostWith({ firstOrchestration: "order", orchestrationNames: ["actThrows", "order"] }, [starter]),
    "curl -i -X POST http://localhost:7071/api/orchestrators/order -H 'content-type: application/json' -d '{}'",
  ],
  [
    "a key has its place where callers need one",
    hostWith({ keySource: "keys.json" }, [{ ...http("api/x"), authLevel: "function" }]),
    "curl -i -H 'x-functions-key: <key>' http://localhost:7071/api/x",
  ],
  [
    "which an anonymous function does not",
    hostWith({ keySource: "keys.json" }, [{ ...http("api/x"), authLevel: "anonymous" }]),
    "curl -i http://localhost:7071/api/x",
  ],
  ["parameters have values", hostWith({}, [http("api/x/{id}")]), "curl -i http://localhost:7071/api/x/1"],
  [
    "also those with constraints",
    hostWith({}, [http("api/{a:guid}/{b:int}/{*rest}", ["POST"])]),
    "curl -i -X POST http://localhost:7071/api/00000000-0000-0000-0000-000000000001/1/1 -H 'content-type: application/json' -d '{}'",
  ],
  ["those that may be absent are left out", hostWith({}, [http("api/x/{id?}")]), "curl -i http://localhost:7071/api/x"],
  [
    "what needs no value goes first",
    hostWith({}, [http("api/x/{id}"), http("api/health", ["GET"])]),
    "curl -i http://localhost:7071/api/health",
  ],
  ["nothing is suggested without HTTP functions", hostWith({ firstOrchestration: "a" }, []), undefined],
])("a command to paste: %s", (_, host, expected) => {
  expect(suggestCommand(host, "linux")).toBe(expected);
});

it("on Windows it is written for its shells", () => {
  const host = hostWith({ firstOrchestration: "order", orchestrationNames: ["order"] }, [starter]);

  expect(suggestCommand(host, "win32")).toBe(
    'curl.exe -i -X POST http://localhost:7071/api/orchestrators/order -H "content-type: application/json" -d "{}"',
  );
});
