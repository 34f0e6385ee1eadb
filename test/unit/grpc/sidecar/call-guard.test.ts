import { status } from "@grpc/grpc-js";
import { expect, it } from "vitest";
import { DurableError } from "../../../../src/core/errors.ts";
import { CallGuard } from "../../../../src/grpc/sidecar/call-guard.ts";
import { isServerFault, toCallStatus } from "../../../../src/grpc/sidecar/call-status.ts";

const refuse = (guard: CallGuard, headers: Record<string, string>) => guard.refuse((name) => headers[name])?.code;

it("a call for this hub, or for none, goes on", () => {
  const guard = new CallGuard({ taskHub: "MyHub" });

  expect([{}, { taskhub: "" }, { taskhub: "myhub" }].map((headers) => refuse(guard, headers as never))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(refuse(guard, { taskhub: "other" })).toBe(status.NOT_FOUND);
});

it("a token is compared whole, whatever the case of its scheme", () => {
  const guard = new CallGuard({ taskHub: "MyHub", token: "a b" });

  expect(refuse(guard, { authorization: "bearer a b" })).toBeUndefined();
  for (const authorization of ["Bearer a", "Bearer a b ", "a b", "Basic a b", "Bearer ", ""]) {
    expect(refuse(guard, { authorization })).toBe(status.UNAUTHENTICATED);
  }
});

it("a caller without the token does not learn the name of the hub", () => {
  expect(refuse(new CallGuard({ taskHub: "MyHub", token: "t" }), { taskhub: "other" })).toBe(status.UNAUTHENTICATED);
});

it("errors become statuses whose text fits into a header", () => {
  const error = new DurableError("InstanceNotFound", `no \ud800 ${"x".repeat(10_000)}`);
  const { code, details } = toCallStatus(error);

  expect(code).toBe(status.NOT_FOUND);
  expect(details.length).toBeLessThan(2_000);
  expect(details.isWellFormed()).toBe(true);
});

it("what is no error of ours tells nothing, and is a fault", () => {
  const failure = toCallStatus(new TypeError("secret"));

  expect(failure).toEqual({ code: status.INTERNAL, details: "the call could not be answered" });
  expect(isServerFault(failure)).toBe(true);
  expect(isServerFault(toCallStatus(new DurableError("InvalidOption", "x")))).toBe(false);
});
