/**
 * FNV-1a, 32 bit, over the UTF-8 bytes of the id as it is (not escaped, case-sensitive). Part of the task hub format:
 * every client and worker of a hub must find the same partition for an id.
 */
export function hashInstanceId(instanceId: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(instanceId, "utf8")) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Index of the control queue, of `partitionCount`, that carries the messages of an instance. */
export function partitionOf(instanceId: string, partitionCount: number): number {
  return hashInstanceId(instanceId) % partitionCount;
}
