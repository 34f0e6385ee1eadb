import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { file_orchestrator_service } from "../../src/grpc/proto/orchestrator_service_pb.ts";

/** What is used of `protobufjs`, which comes with grpc-js. */
interface ParsedField {
  readonly id: number;
  readonly type: string;
  readonly repeated: boolean;
  readonly keyType?: string;
  readonly partOf: { readonly name: string } | null;
}
interface ParsedMethod {
  readonly requestType: string;
  readonly responseType: string;
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
}
interface ParsedObject {
  readonly name: string;
  readonly fields?: Readonly<Record<string, ParsedField>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly methods?: Readonly<Record<string, ParsedMethod>>;
}
interface Parser {
  parse(
    text: string,
    options: { readonly keepCase: boolean },
  ): {
    readonly package: string | undefined;
    readonly root: { readonly nestedArray: readonly ParsedObject[] };
  };
}

const require = createRequire(import.meta.url);
const parser = createRequire(require.resolve("@grpc/grpc-js"))("protobufjs") as Parser;
const file = new URL("../../src/grpc/proto/orchestrator_service.proto", import.meta.url);
const parsed = parser.parse(readFileSync(file, "utf8"), { keepCase: true });
const objects = parsed.root.nestedArray;

it("the protocol has no package, as the paths of its methods have none", () => {
  expect(parsed.package ?? "").toBe("");
  expect(file_orchestrator_service.proto.package).toBe("");
});

it("the generated messages are those of the proto file, field by field", () => {
  const written = objects.flatMap(({ name, fields }) =>
    fields === undefined ? [] : [[name, Object.entries(fields).map(([field, parts]) => describeParsed(field, parts))]],
  );
  const generated = file_orchestrator_service.messages.map(({ name, fields }) => [name, fields.map(describe)]);
  expect(generated.sort()).toEqual(written.sort());
  expect(generated.length).toBeGreaterThan(100);
});

it("the generated enums are those of the proto file", () => {
  const written = objects.flatMap(({ name, values }) => (values === undefined ? [] : [[name, { ...values }]]));
  const generated = file_orchestrator_service.enums.map(({ name, values }) => {
    return [name, Object.fromEntries(values.map((value) => [value.name, value.number]))];
  });
  expect(generated).toEqual(written);
});

it("the generated methods are those of the proto file", () => {
  const written = objects.flatMap(({ methods = {} }) =>
    Object.entries(methods).map(([name, { requestType, responseType, requestStream, responseStream }]) => {
      return { name, types: [requestType, responseType], streams: [requestStream === true, responseStream === true] };
    }),
  );
  const generated = file_orchestrator_service.services.flatMap(({ methods }) =>
    methods.map(({ name, input, output, methodKind }) => {
      const streams = [methodKind === "client_streaming", methodKind === "server_streaming"];
      return { name, types: [input.typeName, output.typeName], streams };
    }),
  );
  expect(generated).toEqual(written);
  expect(generated).toHaveLength(29);
});

function describeParsed(name: string, field: ParsedField): string {
  const type = field.keyType === undefined ? field.type : `map<${field.keyType}, ${field.type}>`;
  return `${field.repeated ? "repeated " : ""}${type} ${name} = ${field.id} ${field.partOf?.name ?? ""}`;
}

function describe(field: DescField): string {
  const { name, number, oneof } = field;
  const value = field.message?.typeName ?? field.enum?.typeName ?? scalarName(field.scalar);
  const type = field.fieldKind === "map" ? `map<${scalarName(field.mapKey)}, ${value}>` : value;
  return `${field.fieldKind === "list" ? "repeated " : ""}${type} ${name} = ${number} ${oneof?.name ?? ""}`;
}

function scalarName(type: ScalarType | undefined): string {
  return ScalarType[type ?? ScalarType.STRING].toLowerCase();
}
