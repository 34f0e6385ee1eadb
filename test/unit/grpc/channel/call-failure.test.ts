import { status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { CallFailure, explainFailure, toDurableError } from "../../../../src/grpc/channel/call-failure.ts";
import { openChannel } from "../../../../src/grpc/channel/task-hub-channel.ts";
import type { MethodName } from "../../../../src/grpc/service/service-definition.ts";

const failure = (code: number, method: MethodName = "getInstance") =>
  new CallFailure({ method, target: "hub.example:443", code, details: "the details" });

it.each([
  [status.NOT_FOUND, "InstanceNotFound", "refused the event: the details"],
  [status.ALREADY_EXISTS, "InstanceAlreadyExists", "choose another id"],
  [status.FAILED_PRECONDITION, "InstanceNotActive", "the details"],
  [status.INVALID_ARGUMENT, "InvalidOption", "the details"],
  [status.OUT_OF_RANGE, "InvalidOption", "the details"],
  [status.UNIMPLEMENTED, "NotSupported", "has no getInstance"],
  [status.UNAVAILABLE, "ServiceUnavailable", "check the address"],
  [status.UNAUTHENTICATED, "ServiceRejected", "check the credential"],
  [status.PERMISSION_DENIED, "ServiceRejected", "Durable Task Data Contributor"],
  [status.RESOURCE_EXHAUSTED, "ServiceRejected", "too large"],
  [status.DEADLINE_EXCEEDED, "TaskTimeout", "in time"],
  [status.CANCELLED, "Aborted", "called off"],
  [status.ABORTED, "ServiceRejected", "ABORTED"],
  [99, "ServiceRejected", "99"],
])("status %i means %s and says %j", (code, told, text) => {
  const error = toDurableError(failure(code), "the event") as Error;

  expect(error).toMatchObject({ name: "DurableError", code: told, cause: failure(code) });
  expect(error.message).toContain(text);
  if (told !== "Aborted") expect(error.message).toContain("hub.example:443");
});

it("a probe that finds nothing speaks of the task hub", () => {
  expect(toDurableError(failure(status.NOT_FOUND, "hello"), "the probe")).toMatchObject({
    code: "InvalidOption",
    message: expect.stringContaining("no such task hub"),
  });
});

it("whatever else was thrown stays as it is", async () => {
  const error = new TypeError("x");

  expect(toDurableError(error, "the event")).toBe(error);
  await expect(explainFailure(Promise.reject(error), "the event")).rejects.toBe(error);
  await expect(explainFailure(Promise.resolve(1), "the event")).resolves.toBe(1);
});

it("a failure shows its method, address and status by name", () => {
  expect(failure(status.NOT_FOUND).message).toBe("getInstance at hub.example:443: NOT_FOUND: the details");
});

const credential = { getToken: async () => null };

it.each([
  [{ address: "http://hub.example:80", credential }, "plaintext"],
  [{ address: "hub.example:80", secure: false, credential }, "plaintext"],
  [{ address: "localhost:1", taskHub: "hub\n" }, "'taskhub'"],
  [{ address: "localhost:1", metadata: { "bad name": "x" } }, "'bad name'"],
])("a channel is not opened with %j", (options, why) => {
  expect(() => openChannel(options)).toThrow(
    expect.objectContaining({ code: "InvalidOption", message: expect.stringContaining(why) }),
  );
});
