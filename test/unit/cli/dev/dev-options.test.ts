import { describe, expect, it } from "vitest";
import { devHelp, parseDev } from "../../../../src/cli/dev/dev-options.ts";

const parse = (...args: string[]) => parseDev(args, "/srv");

describe("durable dev", () => {
  it("has its own options and all of start", () => {
    const read = parse(
      ...["--build", "bundle", "--watch=../shared", "--watch", "lib", "--ignore", "data/", "--poll"],
      ...["-p", "0", "--inspect-brk", "--functions", "a", "b"],
    );

    expect(read).toMatchObject({
      kind: "options",
      options: {
        build: "bundle",
        watch: ["/shared", "/srv/lib"],
        ignore: ["data/"],
        poll: true,
        start: {
          appFolder: "/srv",
          port: 0,
          functions: ["a", "b"],
          inspect: { host: "127.0.0.1", port: 9229, stops: true },
        },
      },
    });
  });

  it.each([
    [["--build"], "Option '--build <value>' argument missing. Try: durable dev --help"],
    [["--ignore", "--poll"], "Option '--ignore <value>' argument missing. Try: durable dev --help"],
    [["--prot", "1"], "Unknown option '--prot'. Try: durable dev --help"],
    [["here"], "Unexpected argument 'here'. Try: durable dev --help"],
    [["--inspect=99999"], "--inspect takes a port from 0 to 65535, perhaps after a host: --inspect=127.0.0.1:9229"],
  ])("answers %j with one line", (args, message) => {
    expect(parse(...args)).toEqual({ kind: "mistake", message });
  });

  it.each([
    ["--inspect", { host: "127.0.0.1", port: 9229, stops: false }],
    ["--inspect=0", { host: "127.0.0.1", port: 0, stops: false }],
    ["--inspect=0.0.0.0:9333", { host: "0.0.0.0", port: 9333, stops: false }],
    ["--inspect-brk=[::1]:9333", { host: "::1", port: 9333, stops: true }],
  ])("takes %s as Node does", (arg, inspect) => {
    expect(parse(arg)).toMatchObject({ options: { start: { inspect } } });
  });

  it("shows the options of start in its help", () => {
    expect(parse("--help")).toEqual({ kind: "help" });
    expect(devHelp).toContain("--build <script>");
    expect(devHelp).toContain("--script-root <folder>");
    expect(devHelp.match(/--help/g)).toHaveLength(1);
  });
});
