import type { StandardSchema } from "../../../src/core/payloads/standard-schema.ts";

interface Typed<Input, Output> extends StandardSchema<Output> {
  readonly "~standard": StandardSchema<Output>["~standard"] & {
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

function schema<Input, Output>(validate: StandardSchema<Output>["~standard"]["validate"]): Typed<Input, Output> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

export interface Order {
  readonly id: string;
  readonly lines: readonly { readonly quantity: number }[];
}

/** Wants `{ id, lines: [{ quantity }] }` and says where it is not so. */
export const orderSchema: Typed<Order, Order> = schema<Order, Order>((value) => {
  const order = value as Partial<Order> | null | undefined;
  const issues = [];
  if (typeof order?.id !== "string") issues.push({ message: "must be a text", path: ["id"] });
  for (const [index, line] of (order?.lines ?? []).entries()) {
    if (typeof line.quantity === "number") continue;
    issues.push({ message: "must be a number", path: ["lines", { key: index }, "quantity"] });
  }
  return issues.length > 0 ? { issues } : { value: order as Order };
});

/** Takes a text and gives a number back: what it gives it does not take. */
export const numberFromText: Typed<string, number> = schema<string, number>((value) =>
  typeof value === "string" && value !== "" && !Number.isNaN(Number(value))
    ? { value: Number(value) }
    : { issues: [{ message: "must be a number in a text" }] },
);

/** Takes its time. */
export const slowOrderSchema: Typed<Order, Order> = schema<Order, Order>(async (value) =>
  orderSchema["~standard"].validate(value),
);
