import { expect, it } from "vitest";
import { makeVisible } from "../../../src/hosting/azurite/release-messages.ts";

it("makes received messages visible, and leaves delayed ones and other collections alone", () => {
  const message = (dequeueCount: unknown, timeNextVisible: unknown) => ({ dequeueCount, timeNextVisible });
  const database = {
    collections: [
      { name: "$QUEUES_COLLECTION$", data: [message(1, 500)] },
      { name: "$MESSAGES_COLLECTION$", data: [message(1, 500), message(0, 500), message(2, 50), message(1, "500")] },
    ],
  };

  expect(makeVisible(database, 100)).toBe(true);
  expect(database.collections[0]!.data).toEqual([message(1, 500)]);
  expect(database.collections[1]!.data).toEqual([message(1, 100), message(0, 500), message(2, 50), message(1, "500")]);
  expect(makeVisible(database, 100)).toBe(false);
  expect(makeVisible({}, 100)).toBe(false);
});
