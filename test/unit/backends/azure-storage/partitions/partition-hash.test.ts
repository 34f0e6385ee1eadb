import { expect, it } from "vitest";
import { hashInstanceId, partitionOf } from "../../../../../src/backends/azure-storage/partitions/partition-hash.ts";

const vectors: [string, string, number, number, number, number][] = [
  ["a", "e40c292c", 0, 0, 5, 12],
  ["abc", "1a47e90b", 0, 3, 5, 11],
  ["hello", "4f9f2cab", 0, 3, 2, 11],
  ["Hello", "f55c314b", 0, 3, 0, 11],
  ["instance-1", "fa923a94", 0, 0, 5, 4],
  ["hello-0001", "35238065", 0, 1, 1, 5],
  ["@counter@c1", "0e604803", 0, 3, 0, 3],
  ["@Counter@c1", "fec07be3", 0, 3, 6, 3],
  ["00000000000000000000000000000000", "f0c86445", 0, 1, 3, 5],
  ["f71ac761454f41468d9923ac39e9bdbc", "6198f775", 0, 1, 1, 5],
  ["5b0c1e6f0a7d4f0c9b1d3c2e4f5a6b7c:3", "54510df6", 0, 2, 5, 6],
  ["order/2024#1?x", "00e98a53", 0, 3, 2, 3],
  ["user^name", "8f03d8ff", 0, 3, 1, 15],
  ["naïve-ünïcode", "2b103a0a", 0, 2, 2, 10],
  ["世界", "40d651bf", 0, 3, 6, 15],
  ["🌍", "30d29b1b", 0, 3, 2, 11],
  ["", "811c9dc5", 0, 1, 2, 5],
];

it.each(vectors)("routes %j as every other worker of the hub does", (id, hash, one, four, seven, sixteen) => {
  expect(hashInstanceId(id).toString(16).padStart(8, "0")).toBe(hash);
  expect([1, 4, 7, 16].map((count) => partitionOf(id, count))).toEqual([one, four, seven, sixteen]);
});

it("hashes a lone surrogate as the replacement character", () => {
  expect(hashInstanceId("x\ud800")).toBe(hashInstanceId("x\ufffd"));
});
