import { type KeySet, keyNames, keyUses } from "../host/access/key-set.ts";

/** Keys for people: what each opens, with the key itself or without. */
export function formatKeys(keys: KeySet, show: boolean): readonly string[] {
  const present = keyNames.filter((name) => keys[name] !== undefined);
  const width = Math.max(...present.map((name) => name.length));
  return present.map((name) => [name.padEnd(width), ...(show ? [keys[name]!] : []), keyUses[name]].join("  "));
}
