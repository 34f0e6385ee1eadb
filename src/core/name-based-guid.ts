import { createHash } from "node:crypto";

/** Namespace that the Durable Task SDKs use for GUIDs of orchestrators. */
const namespace = Buffer.from("9e9529585e334daf827f2fa12937b875", "hex");

/** UUID version 5 of a name: the same whenever it is made. */
export function nameBasedGuid(name: string): string {
  const hash = createHash("sha1").update(namespace).update(name, "utf8").digest().subarray(0, 16);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
