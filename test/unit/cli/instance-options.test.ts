import { describe, expect, it } from "vitest";
import { helpText, parseCommandLine } from "../../../src/cli/command-line.ts";

const parse = (...args: string[]) => parseCommandLine(args, "/srv");
const task = (...args: string[]) => {
  const command = parse(...args);
  return command.kind === "instances" ? command.options.task : command;
};

describe("the verbs for instances", () => {
  it("take every option of a list", () => {
    const command = parse(
      ...["ls", "--status", "running,Failed", "--status", "pending", "--name", "Ship", "--prefix", "order-"],
      ...["--created-after", "2h", "--created-before", "2026-05-01 10:00", "--limit", "20", "--after", "token"],
      ...["--entities", "--json", "--hub", "MyHub", "--connection", "Other", "--partitions", "8"],
      ...["--script-root", "app"],
    );

    expect(command).toEqual({
      kind: "instances",
      options: {
        appFolder: "/srv/app",
        hubName: "MyHub",
        storage: "Other",
        partitionCount: 8,
        json: true,
        task: {
          verb: "ls",
          statuses: ["Running", "Failed", "Pending"],
          name: "Ship",
          prefix: "order-",
          createdAfter: { agoMs: 7_200_000 },
          createdBefore: new Date("2026-05-01T10:00:00Z"),
          limit: 20,
          continuationToken: "token",
          includeEntities: true,
        },
      },
    });
  });

  it.each([
    [["show", "a", "--full"], { verb: "show", instanceId: "a", full: true }],
    [["history", "a"], { verb: "history", instanceId: "a", full: false }],
    [
      ["history", "--all", "--name", "Order", "--status", "running"],
      { verb: "history", instanceId: undefined, name: "Order", statuses: ["Running"], prefix: undefined },
    ],
    [
      ["start", "Order", "--id", "7", "--input", '{"a":1}', "--version", "2", "--timeout", "30s"],
      {
        verb: "start",
        name: "Order",
        instanceId: "7",
        version: "2",
        input: { kind: "json", json: '{"a":1}' },
        wait: { timeoutMs: 30_000 },
      },
    ],
    [["start", "Order", "--wait"], { input: undefined, wait: { timeoutMs: undefined } }],
    [["start", "Order", "--input", "-", "--task-hub", "H"], { verb: "start", input: { kind: "stdin" } }],
    [["start", "Order", "--input", "@in.json"], { input: { kind: "file", path: "in.json" } }],
    [["start", "Order", "--input", "@me", "--text"], { input: { kind: "json", json: '"@me"' } }],
    [["raise", "7", "Approve", "true"], { verb: "raise", instanceId: "7", event: "Approve", data: { json: "true" } }],
    [["raise", "7", "Approve"], { data: undefined }],
    [["raise", "7", "Say", "", "--text"], { data: { json: '""' } }],
    [["signal", "@counter@a", "add", "1"], { verb: "signal", entity: "@counter@a", operation: "add" }],
    [
      ["terminate", "a", "b", "--reason", "no", "--recursive"],
      { verb: "terminate", instanceIds: ["a", "b"], reason: "no", recursive: true },
    ],
    [["suspend", "a"], { verb: "suspend", instanceIds: ["a"], reason: undefined }],
    [["resume", "a"], { verb: "resume" }],
    [["rewind", "a"], { verb: "rewind" }],
    [["restart", "a", "--same-id"], { verb: "restart", instanceId: "a", sameId: true, wait: undefined }],
  ] as const)("read %j", (args, expected) => {
    expect(task(...args)).toMatchObject(expected);
  });

  it.each([
    [["ls", "a"], "'durable ls' takes no argument; filter by --name, --prefix, --status. Try: durable ls --help"],
    [["ls", "--status", "Done"], /^--status must list some of Running, Completed/],
    [["ls", "--limit", "0"], "--limit must be a number, at least 1, but is '0'"],
    [["ls", "--created-after", "soon"], /^--created-after must be a time such as .*, but is 'soon'$/],
    [["ls", "--storage", "A", "--connection", "B"], "Give --storage or --connection, not both"],
    [["ls", "--hub", "A", "--task-hub", "B"], "Give --task-hub or --hub, which mean the same"],
    [["ls", "--partitions", "17"], "--partitions must be a number from 1 to 16, but is '17'"],
    [["show"], "'durable show' takes the id of one instance. Try: durable show --help"],
    [["show", "a", "b"], "'durable show' takes the id of one instance. Try: durable show --help"],
    [["show", "a", "--ful"], "Unknown option '--ful'. Try: durable show --help"],
    [["history"], "'durable history' takes the id of one instance, or --all. Try: durable history --help"],
    [["history", "a", "--all"], /^'durable history' takes no id with --all; filter by --name/],
    [["history", "a", "--name", "b"], "--name goes with --all: durable history --all"],
    [["start", "Order", "--input", "{a:1}"], /^--input must be JSON, @file or - .* --text$/],
    [["start", "Order", "--timeout", "long"], "--timeout must be a length of time such as 30s, but is 'long'"],
    [["start", "Order", "--bogus", "x"], "Unknown option '--bogus'. Try: durable start --help"],
    [["start", "C:\\app"], /^'C:\\app' is no name of an orchestration/],
    [["raise", "7"], /^'durable raise' takes the id of an instance, the name of an event and perhaps its data/],
    [["raise", "7", "Approve", "yes"], /^The data must be JSON/],
    [["signal", "counter", "add"], "An entity is named @name@key, but got 'counter'"],
    [["terminate"], /^'durable terminate' takes the ids of instances; a reason goes to --reason/],
  ] as const)("answer %j with one line", (args, message) => {
    const answer = parse(...args);

    expect(answer).toMatchObject({ kind: "mistake", message: expect.stringMatching(message) as string });
  });

  it("never repeat a connection string", () => {
    for (const flag of ["--storage", "--connection"]) {
      const answer = parse("ls", flag, "AccountName=a;AccountKey=secret");

      expect(answer).toMatchObject({ kind: "mistake", message: expect.stringContaining(`${flag} takes the name`) });
      expect(JSON.stringify(answer)).not.toContain("secret");
    }
  });

  it.each(["ls", "show", "history", "raise", "signal", "terminate", "suspend", "resume", "rewind", "restart"] as const)(
    "%s has a help text, which the overview names",
    (verb) => {
      expect(parse(verb, "--help")).toEqual({ kind: "help", topic: verb });
      expect(helpText(verb)).toMatch(new RegExp(`^Usage: durable ${verb} [^]*--json[^]*--script-root`));
      expect(helpText("durable")).toMatch(new RegExp(`^ {2}${verb} {2,}\\S`, "m"));
    },
  );

  it("start has the help of both: the app, and an instance", () => {
    expect(parse("start", "Order", "--help")).toEqual({ kind: "help", topic: "start" });
    expect(helpText("start")).toContain("Usage: durable start <orchestration> [options]");
    expect(helpText("durable")).toContain("  start <name>   Start an orchestration\n");
  });

  it("leave the app to start where no name is given", () => {
    expect(parse("start", "--port", "7072").kind).toBe("start");
    expect(parse("start", "--functions", "a", "b").kind).toBe("start");
  });
});
