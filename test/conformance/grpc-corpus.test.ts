import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { TaskHubSidecarService } from "../../src/grpc/proto/orchestrator_service_pb.ts";
import { forSeeds } from "../support/seeded-random.ts";
import {
  bytesOf,
  inOrderOfNumbers,
  MessageMaker,
  OfficialClasses,
  ownMessages,
  roundsOf,
} from "./grpc-corpus-fixture.ts";

const official = new OfficialClasses("@microsoft/durabletask-js/dist/proto");

describe("messages of @microsoft/durabletask-js", () => {
  const covered = new Set<string>();

  it.each(ownMessages.map((desc) => [desc.name, desc] as const))("%s has the same bytes", async (_name, desc) => {
    await forSeeds(roundsOf(desc), (seed) => {
      const maker = new MessageMaker(seed, () => false);
      const own = maker.make(desc);
      for (const field of maker.covered) covered.add(field);
      const written = official.build(own).serializeBinary();
      const bytes = bytesOf(own);
      expect(inOrderOfNumbers(desc, bytes)).toEqual(inOrderOfNumbers(desc, written));
      // Theirs, ours, theirs.
      expect(toBinary(desc, fromBinary(desc, written))).toEqual(bytes);
      // Ours, theirs, ours.
      expect(official.get(desc).deserializeBinary(bytes).serializeBinary()).toEqual(written);
    });
  });

  it.skipIf(process.env["DURABLE_SEED"] !== undefined)("have been filled in every field", () => {
    const fields = ownMessages.flatMap((desc) => desc.fields.map((field) => `${desc.name}.${field.name}`));
    expect(fields.filter((field) => !covered.has(field))).toEqual([]);
  });

  it("are all there, with all their fields", () => {
    expect(ownMessages.filter((desc) => official.find(desc) === undefined)).toEqual([]);
    const missing = ownMessages.flatMap(({ fields }) => fields.filter((field) => !official.has(field)));
    expect(missing.map(({ parent, name }) => `${parent.name}.${name}`)).toEqual([]);
  });

  it("have no setter that is missing here", () => {
    for (const desc of ownMessages) {
      const setters = Object.getOwnPropertyNames(official.get(desc).prototype).filter((name) => name.startsWith("set"));
      const ownNames = desc.fields.map(({ name }) => name.toLowerCase());
      const theirNames = setters.map((name) => name.slice("set".length).replace(/List$/, "").toLowerCase());
      expect(theirNames.filter((name) => !ownNames.includes(name))).toEqual([]);
    }
  });
});

it("the methods of @microsoft/durabletask-js are those of the service here", () => {
  const own = Object.values(TaskHubSidecarService.method).map(({ name, input, output, methodKind }) => ({
    path: `/${TaskHubSidecarService.typeName}/${name}`,
    requestStream: false,
    responseStream: methodKind === "server_streaming",
    request: input.name,
    response: output.name,
  }));
  const theirs = Object.values(official.methods).map(({ path, requestStream, responseStream, ...types }) => ({
    path,
    requestStream,
    responseStream,
    request: official.nameOf(types.requestType),
    response: official.nameOf(types.responseType),
  }));
  const byPath = (a: { readonly path: string }, b: { readonly path: string }) => (a.path < b.path ? -1 : 1);
  expect(theirs.sort(byPath)).toEqual(own.sort(byPath));
});
