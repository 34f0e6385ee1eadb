import { isDurableError } from "../core/errors.ts";
import { KeyFile } from "../host/access/key-file.ts";
import { describeKeySettings, type KeySet, keyNames, keyUses, readKeySettings } from "../host/access/key-set.ts";
import { readEnvironment } from "./hub-access.ts";
import { formatKeys } from "./key-lines.ts";
import type { KeysOptions } from "./keys-options.ts";
import type { Terminal } from "./terminal.ts";

/** `durable keys`: lists the keys of an app, or replaces some. Resolves to the exit code. */
export async function runKeys(options: KeysOptions, terminal: Terminal): Promise<number> {
  try {
    return await listOrRotate(options, terminal);
  } catch (error) {
    if (!isDurableError(error)) throw error;
    terminal.fail(error.message);
    return 1;
  }
}

async function listOrRotate(options: KeysOptions, terminal: Terminal): Promise<number> {
  const { appFolder, rotate } = options;
  const given = readKeySettings(await readEnvironment(appFolder));
  if (given !== undefined) {
    if (rotate.length > 0) {
      terminal.fail(`The keys come from settings: change ${describeKeySettings(given)} there, and start the host anew`);
      return 1;
    }
    return print(given, options, terminal);
  }
  const file = new KeyFile(appFolder);
  const keys = rotate.length > 0 ? await file.rotate(rotate) : await file.read();
  if (keys === undefined) {
    terminal.fail(
      `There are no keys in ${appFolder}: 'durable start' makes them at its first start on an address other than loopback`,
    );
    return 1;
  }
  if (rotate.length === 0) return print(keys, options, terminal);
  // Who makes a new key wants to hand it out.
  const made = Object.fromEntries(rotate.map((name) => [name, keys[name]!]));
  return print(made, { ...options, show: true }, terminal);
}

function print(keys: KeySet, { json, show }: KeysOptions, terminal: Terminal): number {
  if (json) {
    for (const name of keyNames) {
      if (keys[name] === undefined) continue;
      terminal.print(JSON.stringify({ name, opens: keyUses[name], ...(show && { key: keys[name] }) }));
    }
  } else for (const line of formatKeys(keys, show)) terminal.print(line);
  return 0;
}
