import { type DescField, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { forSeeds } from "../support/seeded-random.ts";
import {
  bytesOf,
  inOrderOfNumbers,
  MessageMaker,
  OfficialClasses,
  ownMessages,
  roundsOf,
} from "./grpc-corpus-fixture.ts";

/** Older messages: not all of those of today, and not all of their fields. */
const official = new OfficialClasses("@dapr/durabletask-js/proto");
const known = ownMessages.filter((desc) => official.find(desc) !== undefined);

/** Data of generic events is a plain text there, and nothing reads it. */
function isLeftOut(field: DescField): boolean {
  return !official.has(field) || (field.parent.name === "GenericEvent" && field.name === "data");
}

describe("messages of @dapr/durabletask-js", () => {
  it.each(known.map((desc) => [desc.name, desc] as const))("%s has the same bytes", async (_name, desc) => {
    await forSeeds(roundsOf(desc), (seed) => {
      const own = new MessageMaker(seed, isLeftOut).make(desc);
      const written = official.build(own).serializeBinary();
      const bytes = bytesOf(own);
      expect(inOrderOfNumbers(desc, bytes)).toEqual(inOrderOfNumbers(desc, written));
      expect(toBinary(desc, fromBinary(desc, written))).toEqual(bytes);
      expect(official.get(desc).deserializeBinary(bytes).serializeBinary()).toEqual(written);
    });
  });

  it("are most of those of today", () => {
    expect(known.length).toBeGreaterThan(60);
  });
});
