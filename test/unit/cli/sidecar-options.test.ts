import { describe, expect, it } from "vitest";
import { helpText, parseCommandLine } from "../../../src/cli/command-line.ts";

const parse = (...args: string[]) => parseCommandLine(["sidecar", ...args], "/srv");

describe("durable sidecar", () => {
  it("listens on this machine only, on the port that SDKs look for", () => {
    expect(parse()).toEqual({
      kind: "sidecar",
      options: {
        appFolder: "/srv",
        host: "127.0.0.1",
        port: 4001,
        hubName: undefined,
        storage: undefined,
        partitionCount: undefined,
        tls: undefined,
        tokenSetting: undefined,
        maxMessageBytes: undefined,
        verbose: false,
      },
    });
  });

  it("takes every option", () => {
    const command = parse(
      ...["-p", "0", "--host", "0.0.0.0", "--hub", "default", "--storage", "memory", "--partitions", "8"],
      ...["--script-root", "app", "--tls-cert", "c.pem", "--tls-key", "/k.pem", "--token-setting", "TOKEN"],
      ...["--max-message", "4", "--verbose"],
    );

    expect(command).toEqual({
      kind: "sidecar",
      options: {
        appFolder: "/srv/app",
        host: "0.0.0.0",
        port: 0,
        hubName: "default",
        storage: "memory",
        partitionCount: 8,
        tls: { certificateFile: "/srv/c.pem", keyFile: "/k.pem" },
        tokenSetting: "TOKEN",
        maxMessageBytes: 4 * 1024 * 1024,
        verbose: true,
      },
    });
  });

  it.each([
    [["--prot", "1"], "Unknown option '--prot'. Try: durable sidecar --help"],
    [["here"], "Unexpected argument 'here'. Try: durable sidecar --help"],
    [["--port", "99999"], "--port must be a number from 0 to 65535, but is '99999'"],
    [["--partitions", "17"], "--partitions must be a number from 1 to 16, but is '17'"],
    [["--max-message", "0"], "--max-message must be a number of MiB from 1 to 1024, but is '0'"],
    [["--tls-cert", "c.pem"], "--tls-cert and --tls-key need each other"],
    [
      ["--host", "0.0.0.0"],
      "--host 0.0.0.0 lets other machines work on the task hub: add --token-setting (and --tls-cert with --tls-key, so that nobody overhears the token), or --no-auth",
    ],
  ])("answers %j with one line", (args, message) => {
    expect(parse(...args)).toEqual({ kind: "mistake", message });
  });

  it("listens beyond this machine when callers need a token, or when it is told to do without", () => {
    for (const args of [["--no-auth"], ["--insecure"], ["--token-setting", "T"]]) {
      expect(parse("--host", "::", ...args)).toMatchObject({ kind: "sidecar", options: { host: "::" } });
    }
    // A certificate says who answers, and lets everybody ask.
    expect(parse("--host", "::", "--tls-cert", "c", "--tls-key", "k")).toMatchObject({ kind: "mistake" });
    expect(parse("--no-auth", "--token-setting", "T")).toMatchObject({ kind: "mistake" });
  });

  it("has a help text, and is listed", () => {
    expect(parse("-h")).toEqual({ kind: "help", topic: "sidecar" });
    expect(helpText("sidecar")).toContain("Usage: durable sidecar [options]");
    expect(helpText("durable")).toContain("  sidecar        Serve a task hub over gRPC");
  });
});
