import { expect, it } from "vitest";
import { decodeTaskTags, encodeTaskTags } from "../../../src/core/task-tags.ts";

it.each([
  [undefined, { attempt: 1, timeoutMs: undefined }],
  [{ mine: "1" }, { attempt: 3, timeoutMs: 500 }],
  [undefined, { attempt: 2, timeoutMs: undefined }],
  [{ mine: "1" }, { attempt: 2, timeoutMs: undefined, lastHeartbeat: '{"page":7}' }],
])("notes beside %j come back", (tags, notes) => {
  const encoded = encodeTaskTags(tags, notes);

  expect(decodeTaskTags(encoded)).toEqual(notes);
  expect(encoded).toEqual(notes.attempt === 1 ? undefined : expect.objectContaining({ ...tags }));
});

it.each([
  { attempt: 1, timeoutMs: undefined },
  { attempt: 2, timeoutMs: undefined },
  { attempt: 1, timeoutMs: 500 },
  { attempt: 2, timeoutMs: undefined, lastHeartbeat: "7" },
])("tags of the user are never taken for notes %j", (notes) => {
  const tags = {
    "durable.attempt": "7",
    "durable.timeoutMs": "1",
    "durable.lastHeartbeat": "mine",
    "Durable.attempt": "kept",
    mine: "kept",
  };

  const encoded = encodeTaskTags(tags, notes);

  expect(decodeTaskTags(encoded)).toEqual(notes);
  expect(encoded).toMatchObject({ "Durable.attempt": "kept", mine: "kept" });
});

it.each([{ "durable.attempt": "x" }, { "durable.attempt": "-1" }, { "durable.timeoutMs": "0" }, {}, undefined])(
  "unreadable notes %j count as absent",
  (tags) => {
    expect(decodeTaskTags(tags as never)).toEqual({ attempt: 1, timeoutMs: undefined });
  },
);
