import { describe, expect, it } from "vitest";
import { helpText, parseCommandLine } from "../../../src/cli/command-line.ts";

const parse = (...args: string[]) => parseCommandLine(args, "/srv");

describe("durable purge", () => {
  it("takes every option", () => {
    const command = parse(
      ...[
        "purge",
        "--older-than",
        "30d",
        "--status",
        "Completed,failed",
        "--status",
        "Terminated",
        "--prefix",
        "order-",
      ],
      ...["--created-before", "2026-05-01 10:00", "--name", "Ship", "--recursive", "--dry-run", "--json"],
      ...["--task-hub", "MyHub", "--storage", "Other", "--partitions", "8", "--script-root", "app"],
    );

    expect(command).toEqual({
      kind: "purge",
      options: {
        appFolder: "/srv/app",
        hubName: "MyHub",
        storage: "Other",
        partitionCount: 8,
        instanceIds: [],
        olderThanMs: 30 * 24 * 60 * 60_000,
        statuses: ["Completed", "Failed", "Terminated"],
        createdBefore: new Date("2026-05-01T10:00:00Z"),
        instanceIdPrefix: "order-",
        name: "Ship",
        recursive: true,
        force: false,
        dryRun: true,
        json: true,
      },
    });
    expect(parse("purge", "a", "b/c", "--force")).toMatchObject({
      options: { instanceIds: ["a", "b/c"], force: true, dryRun: false, statuses: undefined },
    });
  });

  it.each([
    [[], "Say what to purge: --older-than, --status, --created-before, --prefix, --name, or ids of instances"],
    [
      ["--prefix", ""],
      "Say what to purge: --older-than, --status, --created-before, --prefix, --name, or ids of instances",
    ],
    [
      ["--dry-run"],
      "Say what to purge: --older-than, --status, --created-before, --prefix, --name, or ids of instances",
    ],
    [["a", "--status", "Failed"], "Give ids of instances, or conditions, not both"],
    [["--status", "Failed", "--force"], "--force is for instances that are named by their ids"],
    [["--status", "Running"], "--status must list some of Completed, Failed, Canceled, Terminated"],
    [["--status", ""], "--status must list some of Completed, Failed, Canceled, Terminated"],
    [["--older-than", "soon"], "--older-than must be a length of time such as 30d or 12h, but is 'soon'"],
    [["--created-before", "May"], "--created-before must be a time such as 2026-05-01T10:00:00Z, but is 'May'"],
    [
      ["--created-before", "2026-13-01"],
      "--created-before must be a time such as 2026-05-01T10:00:00Z, but is '2026-13-01'",
    ],
    [["a", "--partitions", "17"], "--partitions must be a number from 1 to 16, but is '17'"],
    [["--older", "1d"], "Unknown option '--older'. Try: durable purge --help"],
  ])("answers %j with one line", (args, message) => {
    expect(parse("purge", ...args)).toEqual({ kind: "mistake", message });
  });

  it("has a help text", () => {
    expect(parse("purge", "--help")).toEqual({ kind: "help", topic: "purge" });
    expect(helpText("purge")).toContain("Usage: durable purge [options]");
    expect(helpText("durable")).toContain("  purge          Delete finished instances of a task hub\n");
  });
});

describe("durable hub", () => {
  it("deletes a hub that is named, when it is really meant", () => {
    const options = { appFolder: "/srv", hubName: "MyHub", storage: undefined, partitionCount: undefined };
    expect(parse("hub", "delete", "--task-hub", "MyHub", "--yes")).toEqual({
      kind: "hub delete",
      options: { ...options, force: false, json: false },
    });
    expect(parse("hub", "delete", "--task-hub", "MyHub", "--yes", "--force", "--json")).toEqual({
      kind: "hub delete",
      options: { ...options, force: true, json: true },
    });
  });

  it.each([
    [[], "Say what to do: durable hub delete"],
    [["drop"], "Unknown action 'drop'. Try: durable hub --help"],
    [["delete"], "Name the task hub to delete: durable hub delete --task-hub <name> --yes"],
    [["delete", "--yes"], "Name the task hub to delete: durable hub delete --task-hub <name> --yes"],
    [["delete", "MyHub", "--yes"], "Unexpected argument 'MyHub'. Try: durable hub --help"],
    [
      ["delete", "--task-hub", "MyHub"],
      "This deletes task hub 'MyHub' with all its instances and entities for good: add --yes",
    ],
    [["delete", "--hup", "MyHub"], "Unknown option '--hup'. Try: durable hub --help"],
  ])("answers %j with one line", (args, message) => {
    expect(parse("hub", ...args)).toEqual({ kind: "mistake", message });
  });

  it("has a help text", () => {
    expect(parse("hub", "-h")).toEqual({ kind: "help", topic: "hub" });
    expect(helpText("hub")).toContain("Usage: durable hub delete");
  });
});
