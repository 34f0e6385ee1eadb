import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";

/**
 * Which texts of a message are payloads: inputs, outputs, reasons, results, status and state, and those of its history.
 * The fields of the protocol that hold payloads have these names, and no others have.
 */
const payloadNames: ReadonlySet<string> = new Set([
  "input",
  "output",
  "result",
  "reason",
  "data",
  "details",
  "customStatus",
  "entityState",
  "serializedState",
]);

const wrapper = "google.protobuf.StringValue";

/** A place in a message that holds a text. */
export interface TextSlot {
  readonly text: string;
  put(text: string): void;
}

interface FieldPlan {
  readonly texts: readonly DescField[];
  readonly readTexts: readonly DescField[];
  readonly messages: readonly DescField[];
}

const plans = new WeakMap<DescMessage, FieldPlan>();

export function isPayloadField(field: DescField): boolean {
  return isText(field) && payloadNames.has(field.name);
}

/**
 * The payloads of a message and of the messages in it, at any depth. Python puts any long text away, of which only a
 * stack is ever long: when reading those are looked at too.
 */
export function payloadSlots(schema: DescMessage, message: Message, use: "reading" | "writing"): TextSlot[] {
  const slots: TextSlot[] = [];
  const waiting: (readonly [DescMessage, Message])[] = [[schema, message]];
  for (const [type, found] of waiting) {
    const values = found as unknown as Record<string, unknown>;
    const plan = planOf(type);
    for (const { localName } of use === "reading" ? plan.readTexts : plan.texts) {
      const text = values[localName];
      if (typeof text !== "string") continue;
      slots.push({
        text,
        put: (other) => {
          values[localName] = other;
        },
      });
    }
    for (const field of plan.messages) {
      for (const inner of messagesIn(field, values)) waiting.push([field.message!, inner]);
    }
  }
  return slots;
}

function planOf(schema: DescMessage): FieldPlan {
  const known = plans.get(schema);
  if (known !== undefined) return known;
  const texts = schema.fields.filter(isPayloadField);
  const plan = {
    texts,
    readTexts: [...texts, ...schema.fields.filter((field) => isText(field) && field.name === "stackTrace")],
    messages: schema.fields.filter(
      ({ fieldKind, message }) =>
        (fieldKind === "message" || fieldKind === "list") &&
        message !== undefined &&
        !message.typeName.startsWith("google.protobuf."),
    ),
  };
  plans.set(schema, plan);
  return plan;
}

function isText({ fieldKind, message, oneof }: DescField): boolean {
  return fieldKind === "message" && message.typeName === wrapper && oneof === undefined;
}

function messagesIn(field: DescField, values: Readonly<Record<string, unknown>>): readonly Message[] {
  if (field.oneof !== undefined) {
    const chosen = values[field.oneof.localName] as { readonly case?: string; readonly value?: Message };
    return chosen.case === field.localName && chosen.value !== undefined ? [chosen.value] : [];
  }
  const value = values[field.localName] as Message | readonly Message[] | undefined;
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly Message[]) : [value as Message];
}
