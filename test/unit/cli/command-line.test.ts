import { describe, expect, it } from "vitest";
import { helpText, parseCommandLine } from "../../../src/cli/command-line.ts";
import { wantsColor } from "../../../src/cli/terminal.ts";

const parse = (...args: string[]) => parseCommandLine(args, "/srv");

describe("the command line", () => {
  it("has defaults that leave room for settings", () => {
    expect(parse("start")).toEqual({
      kind: "start",
      options: {
        appFolder: "/srv",
        port: undefined,
        address: undefined,
        functions: undefined,
        cors: undefined,
        verbose: false,
        timeoutMs: undefined,
        replayCheck: undefined,
      },
    });
  });

  it.each([
    ["--replay-check", true],
    ["--no-replay-check", false],
  ])("takes %s", (arg, replayCheck) => {
    expect(parse("start", arg)).toMatchObject({ options: { replayCheck } });
  });

  it("takes every option of start", () => {
    const command = parse(
      ...["start", "-p", "0", "--address", "0.0.0.0", "--script-root", "app", "--cors", "*", "--verbose", "-t", "5"],
      ...["--log-format", "json", "--functions", "a,b", "c"],
    );

    expect(command).toMatchObject({
      options: { appFolder: "/srv/app", port: 0, address: "0.0.0.0", cors: "*", verbose: true, timeoutMs: 5000 },
    });
    expect(command).toMatchObject({ options: { functions: ["a", "b", "c"], logFormat: "json" } });
  });

  it.each([
    [["strat"], "Unknown command 'strat'. Did you mean 'start'? Try: durable --help"],
    [["--port", "1"], "'--port' stands where a command is expected: durable start --port 1. Try: durable --help"],
    [["start", "--log-format", "xml"], "--log-format must be text or json, but is 'xml'"],
    [["constructor"], "Unknown command 'constructor'. Try: durable --help"],
    [["start", "--prot", "1"], "Unknown option '--prot'. Try: durable start --help"],
    [["start", "--port"], "Option '-p, --port <value>' argument missing. Try: durable start --help"],
    [["start", "--port", "99999"], "--port must be a number from 0 to 65535, but is '99999'"],
    [["start", "-p", "x"], "--port must be a number from 0 to 65535, but is 'x'"],
    [["start", "--timeout", "0"], "--timeout must be a number of seconds, at least 1, but is '0'"],
    [["init", "a", "b"], "Unexpected argument 'b'. Try: durable init --help"],
    [["init", "--typescript"], "Unknown option '--typescript'. Try: durable init --help"],
    [["start", "--replay-check", "--no-replay-check"], "--replay-check and --no-replay-check cannot both be given"],
    [["start", "./app"], "'./app' is no name of an orchestration; the folder of an app is given by --script-root"],
    [
      ["start", "order", "7"],
      "'durable start' takes the name of one orchestration, and its input by --input. Try: durable start --help",
    ],
    [["openapi", "app"], "Unexpected argument 'app'. Try: durable openapi --help"],
    [["openapi", "--format", "yaml"], "--format must be json, but is 'yaml'"],
    [["openapi", "--output", ""], "--output must name a file"],
    [["openapi", "--timeout", "0"], "--timeout must be a number of seconds, at least 1, but is '0'"],
    [
      ["openapi", "--app", "a", "--script-root", "b"],
      "--app and --script-root are two names of one option: give one of them",
    ],
    [["quarantine"], "'durable quarantine' needs one of ls, show, requeue and drop. Try: durable quarantine --help"],
    [
      ["quarantine", "list"],
      "'durable quarantine' has no 'list', but ls, show, requeue and drop. Try: durable quarantine --help",
    ],
    [["quarantine", "show"], "'durable quarantine show' takes the id of one message"],
    [["quarantine", "drop"], "'durable quarantine drop' needs the ids of messages, or --all"],
    [["quarantine", "requeue", "q/1", "--all"], "'durable quarantine requeue' takes ids or --all, not both"],
    [["quarantine", "ls", "q/1"], "'durable quarantine ls' lists all; it takes no id"],
    [["quarantine", "ls", "--partitions", "17"], "--partitions must be a number from 1 to 16, but is '17'"],
    [["quarantine", "ls", "--jsn"], "Unknown option '--jsn'. Try: durable quarantine --help"],
  ])("answers %j with one line", (args, message) => {
    expect(parse(...args)).toEqual({ kind: "mistake", message });
  });

  it("takes every option of openapi", () => {
    expect(parse("openapi", "--app", "app", "-o", "a.json", "--functions", "a,b", "-t", "5", "--verbose")).toEqual({
      kind: "openapi",
      options: {
        appFolder: "/srv/app",
        output: "/srv/a.json",
        functions: ["a", "b"],
        timeoutMs: 5000,
        verbose: true,
      },
    });
  });

  it("takes every option of init, and a tarball from where it lies", () => {
    expect(parse("init", "app", "--javascript", "--force", "--package", "../durable.tgz")).toEqual({
      kind: "init",
      options: { folder: "/srv/app", language: "javascript", package: "/durable.tgz", force: true },
    });
    expect(parse("init", "--package", "^1.0.0")).toMatchObject({ options: { folder: "/srv", package: "^1.0.0" } });
  });

  it.each([
    [[], "help"],
    [["--help"], "help"],
    [["start", "-h"], "help"],
    [["--version"], "version"],
  ])("%j asks for %s", (args, kind) => {
    expect(parse(...args).kind).toBe(kind);
  });

  it.each([
    [["help"], "durable", "  start          Run the functions app in this folder, with its orchestrations\n"],
    [["help", "nonsense"], "durable", "Usage: durable <command> [options]"],
    [["help", "constructor"], "durable", "Usage: durable <command> [options]"],
    [["help", "start"], "start", "Usage: durable start [options]"],
    [["start", "--help"], "start", "Usage: durable start [options]"],
  ])("%j shows the help of %s", (args, topic, text) => {
    const command = parse(...args);

    expect(command).toEqual({ kind: "help", topic });
    expect(helpText(topic as "durable" | "start")).toContain(text);
  });
});

it.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: "1" }, true, false],
  [{ FORCE_COLOR: "1" }, false, true],
  [{ FORCE_COLOR: "0" }, true, false],
])("with %o on a terminal (%s) colours are used: %s", (env, isTerminal, expected) => {
  expect(wantsColor(env, isTerminal)).toBe(expected);
});

it("reads where histories come from", () => {
  expect(parse("replay-check", "--histories", "recorded", "--json")).toMatchObject({
    kind: "replay-check",
    options: { appFolder: "/srv", histories: "/srv/recorded", json: true },
  });
  expect(parse("replay-check", "--hub", "Orders")).toMatchObject({
    options: { histories: undefined, hubName: "Orders" },
  });
  expect(parse("replay-check", "--histories", "a", "--connection", "B")).toMatchObject({
    message: "Give --histories, or options that say which task hub is meant, not both",
  });
  expect(parse("replay-check", "--history", "a")).toMatchObject({
    message: "Unknown option '--history'. Try: durable replay-check --help",
  });
  expect(parse("replay-check", "--help")).toEqual({ kind: "help", topic: "replay-check" });
});

it("reads which recorded instance is replayed, and whether in a debugger", () => {
  expect(parse("replay", "all.ndjson", "--instance", "order-7", "--inspect")).toMatchObject({
    kind: "replay",
    options: {
      appFolder: "/srv",
      histories: "/srv/all.ndjson",
      instanceId: "order-7",
      inspect: { host: "127.0.0.1", port: 9229, stops: false },
    },
  });
  expect(parse("replay", "--instance", "order-7", "--hub", "Orders", "--inspect-brk=0")).toMatchObject({
    options: { histories: undefined, hubName: "Orders", inspect: { port: 0, stops: true } },
  });
  expect(parse("replay", "one.json", "-t", "5")).toMatchObject({ options: { inspect: undefined, timeoutMs: 5000 } });
  for (const [args, message] of [
    [[], "Name a file of 'durable history --all', or an instance of the task hub: durable replay --instance order-7"],
    [["a", "b"], "Unexpected argument 'b'. Try: durable replay --help"],
    [["a", "--hub", "Orders"], "Give a file, or options that say which task hub is meant, not both"],
    [
      ["a", "--inspect=70000"],
      "--inspect takes a port from 0 to 65535, perhaps after a host: --inspect=127.0.0.1:9229",
    ],
    [["a", "--json"], "Unknown option '--json'. Try: durable replay --help"],
    [["a", "-t", "0"], "--timeout must be a number of seconds, at least 1, but is '0'"],
  ] as const) {
    expect(parse("replay", ...args)).toEqual({ kind: "mistake", message });
  }
  expect(parse("replay", "--help")).toEqual({ kind: "help", topic: "replay" });
});
