import { expect, it } from "vitest";
import { decodeTaskTags, encodeTaskTags } from "../../../src/core/task-tags.ts";

it.each([
  [undefined, { attempt: 1, timeoutMs: undefined }],
  [{ mine: "1" }, { attempt: 3, timeoutMs: 500 }],
  [undefined, { attempt: 2, timeoutMs: undefined }],
])("notes beside %j come back", (tags, notes) => {
  const encoded = encodeTaskTags(tags, notes);

  expect(decodeTaskTags(encoded)).toEqual(notes);
  expect(encoded).toEqual(notes.attempt === 1 ? undefined : expect.objectContaining({ ...tags }));
});

it.each([{ "durable.attempt": "x" }, { "durable.attempt": "-1" }, { "durable.timeoutMs": "0" }, {}, undefined])(
  "unreadable notes %j count as absent",
  (tags) => {
    expect(decodeTaskTags(tags as never)).toEqual({ attempt: 1, timeoutMs: undefined });
  },
);
