import { writeFile } from "node:fs/promises";
import { messageOf } from "../core/errors.ts";
import { describeFolder } from "../host/describe-folder.ts";
import { describeFailure, trueFolder, watchExit, watchUserCode } from "./app-process.ts";
import type { OpenApiCommandOptions } from "./openapi-options.ts";
import type { Terminal } from "./terminal.ts";

/** `durable openapi`: prints the document of an app. Resolves to the exit code. */
export async function runOpenApi(
  options: OpenApiCommandOptions,
  product: { readonly version: string },
  terminal: Terminal,
): Promise<number> {
  process.setSourceMapsEnabled(true);
  const appFolder = trueFolder(options.appFolder);
  const { functions, timeoutMs, verbose, output } = options;
  const print = keepOutput();
  const endLoading = watchExit(terminal);
  watchUserCode(terminal, endLoading);
  let text: string;
  try {
    process.chdir(appFolder);
    const { version } = product;
    const place = { appFolder, version, functions, loadTimeoutMs: timeoutMs, verbose };
    const document = await describeFolder({ ...place, env: process.env, log: terminal.log });
    text = `${JSON.stringify(document, undefined, 2)}\n`;
  } catch (error) {
    terminal.fail(describeFailure(error, verbose));
    return 1;
  } finally {
    endLoading();
  }
  if (output === undefined) {
    await print(text);
    return 0;
  }
  try {
    await writeFile(output, text);
  } catch (error) {
    terminal.fail(`The document could not be written: ${messageOf(error)}`);
    return 1;
  }
  console.error(`Wrote ${output}`);
  return 0;
}

/**
 * Standard output is for the document alone: what else is written there, by the app that is loaded too, goes to standard
 * error from now on. Returns what writes to standard output.
 */
function keepOutput(): (text: string) => Promise<void> {
  const { stdout, stderr } = process;
  const write = stdout.write.bind(stdout);
  stdout.write = stderr.write.bind(stderr);
  // A reader that has gone away (`| head`) is told no error.
  return (text) => new Promise((resolve) => void write(text, () => resolve()));
}
