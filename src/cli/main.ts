#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { stackOf } from "../core/errors.ts";
import { helpText, parseCommandLine } from "./command-line.ts";
import type { InitProduct } from "./init/init-command.ts";
import { createTerminal } from "./terminal.ts";

const exitParseError = 3;

async function main(): Promise<number> {
  const terminal = createTerminal();
  const product = readProduct();
  const command = parseCommandLine(process.argv.slice(2), process.cwd());
  switch (command.kind) {
    case "help":
      terminal.print(helpText(command.topic).trimEnd());
      return 0;
    case "version":
      terminal.print(product.version);
      return 0;
    case "mistake":
      terminal.fail(command.message);
      return exitParseError;
    case "init": {
      const { runInit } = await import("./init/init-command.ts");
      return runInit(command.options, product, terminal);
    }
    case "start": {
      // Loaded here so that the other commands stay quick.
      const { runStart } = await import("./start-command.ts");
      return runStart(command.options, product, terminal);
    }
    case "dev": {
      const { runDev } = await import("./dev/dev-command.ts");
      return runDev(command.options, product, terminal);
    }
    case "sidecar": {
      const { runSidecar } = await import("./sidecar-command.ts");
      return runSidecar(command.options, product, terminal);
    }
    case "instances": {
      const { runInstances } = await import("./instance-commands.ts");
      return runInstances(command.options, terminal);
    }
    case "purge": {
      const { runPurge } = await import("./purge-command.ts");
      return runPurge(command.options, terminal);
    }
    case "hub delete": {
      const { runHubDelete } = await import("./hub-command.ts");
      return runHubDelete(command.options, terminal);
    }
    case "openapi": {
      const { runOpenApi } = await import("./openapi-command.ts");
      return runOpenApi(command.options, product, terminal);
    }
    case "pack": {
      const { runPack } = await import("./pack-command.ts");
      return runPack(command.options, terminal);
    }
    case "keys": {
      const { runKeys } = await import("./keys-command.ts");
      return runKeys(command.options, terminal);
    }
    case "replay": {
      const { runReplay } = await import("./replay-command.ts");
      return runReplay(command.options, product, terminal);
    }
    case "replay-check": {
      const { runReplayCheck } = await import("./replay-check-command.ts");
      return runReplayCheck(command.options, product, terminal);
    }
    case "quarantine": {
      const { runQuarantine } = await import("./quarantine-command.ts");
      return runQuarantine(command.options, terminal);
    }
  }
}

/** This package. */
function readProduct(): InitProduct {
  const manifest = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return JSON.parse(manifest) as InitProduct;
}

/** What nobody has foreseen: a fault of ours, whose text may quote anything. */
function fail(error: unknown): number {
  createTerminal().fail(stackOf(error));
  return 1;
}

const exitCode = await main().catch(fail);
// Where pipes are written in the background, their last part would be lost.
await new Promise((resolve) => process.stdout.write("", resolve));
// User code may have left timers and sockets behind; the process ends all the same.
process.exit(exitCode);
