import { describe, expect, it } from "vitest";
import { formatBatch, readBatch } from "../../../../../../src/backends/azure-storage/storage/lean/table-batch.ts";

const part = (lines: readonly string[]) =>
  `--changesetresponse_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n${lines.join("\r\n")}\r\n`;
const answerOf = (...parts: readonly string[]) => {
  const body =
    "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n" +
    `${parts.join("")}--changesetresponse_1--\r\n--batchresponse_1--\r\n`;
  return { status: 202, headers: {}, body: Buffer.from(body) };
};
const done = (etag: string, key = "r") =>
  part(["HTTP/1.1 204 No Content", `Location: http://h/T(PartitionKey='p',RowKey='${key}')`, `ETag: ${etag}`, "", ""]);

describe("the answer to a batch", () => {
  it("has a tag for each row, whatever their keys are", async () => {
    const answer = answerOf(
      done('W/"1"', "\u2028ETag: x HTTP"),
      part(["HTTP/1.1 204 No Content", "", ""]),
      done('W/"2"'),
    );
    expect(await readBatch(answer, 3)).toEqual(['W/"1"', undefined, 'W/"2"']);
  });

  it("tells which write was refused, and why", async () => {
    const body =
      '{"odata.error":{"code":"EntityAlreadyExists","message":{"lang":"en","value":"2:It {exists}.\\nRequestId:1"}}}';
    const refused = part(["HTTP/1.1 409 Conflict", "Content-Type: application/json", "", body]);
    await expect(readBatch(answerOf(refused), 3)).rejects.toMatchObject({
      statusCode: 409,
      code: "EntityAlreadyExists",
      message: "2:It {exists}.\nRequestId:1",
    });
  });

  it.each([
    ["is another page", { status: 202, headers: {}, body: Buffer.from("<html>") }],
    ["is empty", { status: 202, headers: {}, body: Buffer.alloc(0) }],
    ["lacks a part", answerOf(done("1"))],
    ["has a part without a status", answerOf(done("1"), part(["nothing"]))],
  ])("is not believed where it %s", async (_, answer) => {
    await expect(readBatch(answer, 2)).rejects.toMatchObject({ statusCode: 202, code: "MalformedAnswer" });
  });
});

it("a batch has each write with its method, condition and row", () => {
  const row = { partitionKey: "it's", rowKey: "é", columns: new Map() };
  const json = '{"PartitionKey":"it\'s","RowKey":"é"}';
  const text = formatBatch("1", "http://h/account/", "T", [
    { write: "insert", row },
    { write: "update", row, mode: "merge", etag: "W/1" },
    { write: "upsert", row, mode: "replace" },
    { write: "delete", row },
  ]);
  const head = "Accept: application/json;odata=minimalmetadata\r\nDataServiceVersion: 3.0\r\n";
  const url = "http://h/account/T(PartitionKey='it''s',RowKey='%C3%A9')";
  const boundary = "--changeset_1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n";
  expect(text).toBe(
    [
      "--batch_1\r\nContent-Type: multipart/mixed; boundary=changeset_1\r\n\r\n",
      `${boundary}POST http://h/account/T HTTP/1.1\r\n${head}Content-Type: application/json;odata=nometadata\r\nPrefer: return-no-content\r\n\r\n${json}\r\n`,
      `${boundary}PATCH ${url} HTTP/1.1\r\n${head}Content-Type: application/json\r\nIf-Match: W/1\r\n\r\n${json}\r\n`,
      `${boundary}PUT ${url} HTTP/1.1\r\n${head}Content-Type: application/json\r\n\r\n${json}\r\n`,
      `${boundary}DELETE ${url} HTTP/1.1\r\n${head}If-Match: *\r\n\r\n\r\n`,
      "--changeset_1--\r\n--batch_1--\r\n",
    ].join(""),
  );
});
