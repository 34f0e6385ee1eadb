import { existsSync, readFileSync } from "node:fs";

const source = (path: string) => new URL(`../../src/backends/azure-storage/${path}`, import.meta.url);

/** Our worker asks for its share of the partitions, and does not only give. */
export const asksForPartitions: boolean = existsSync(source("partitions/partition-plan.ts"));

/** Our worker reads messages of the DataContract serializer. */
export const readsDataContract: boolean = readFileSync(source("codec/event-json.ts"), "utf8").includes("DataContract");
