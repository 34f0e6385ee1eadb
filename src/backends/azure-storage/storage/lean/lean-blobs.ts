import { DurableError } from "../../../../core/errors.ts";
import type { StorageConnection } from "../storage-connection.ts";
import type { StorageHandlers } from "../storage-handlers.ts";
import { readBody, required, ServiceCaller } from "./service-caller.ts";
import { malformedAnswer } from "./service-error.ts";
import { childOf, escapeXml, parseXml, textOf, type XmlElement } from "./xml.ts";

interface Target {
  readonly container: string;
  readonly blob?: string | undefined;
}

interface Listing {
  readonly container: string;
  readonly prefix: string;
  readonly continuationToken?: string | undefined;
}

export function openLeanBlobs(connection: StorageConnection, maxConnections: number): StorageHandlers<"blob"> {
  const service = new ServiceCaller(connection, "blob", maxConnections);

  const lease = async (
    target: Target,
    signal: AbortSignal,
    headers: Readonly<Record<string, string>>,
    expects: readonly number[] = [200],
  ) => {
    const query = target.blob === undefined ? [ofContainer, ofLease] : [ofLease];
    await service.call({ method: "PUT", expects, path: pathOf(target), query, headers, signal });
    return undefined;
  };
  const list = async ({ container, prefix, continuationToken }: Listing, signal: AbortSignal) => {
    const query: [string, string][] = [
      ["restype", "container"],
      ["comp", "list"],
    ];
    if (prefix !== "") query.push(["prefix", prefix]);
    if (continuationToken !== undefined) query.push(["marker", continuationToken]);
    query.push(["maxresults", "1000"]);
    const answer = await service.call({ method: "GET", expects: [200], path: pathOf({ container }), query, signal });
    return await readBody(answer, (body) => {
      const results = parseXml(body);
      const blobs = childOf(results, "Blobs");
      if (results.name !== "EnumerationResults") throw new SyntaxError(`it is <${results.name}>`);
      const found = required(blobs, "Blobs").children.filter(({ name }) => name === "Blob");
      return { blobs: found, continuationToken: textOf(results, "NextMarker") || undefined };
    });
  };

  return {
    "blob.createContainer": async (request, signal) => {
      await service.call({ method: "PUT", expects: [201], path: pathOf(request), query: [ofContainer], signal });
      return undefined;
    },
    "blob.deleteContainer": async (request, signal) => {
      await service.call({ method: "DELETE", expects: [202], path: pathOf(request), query: [ofContainer], signal });
      return undefined;
    },
    "blob.put": async ({ container, blob, content, contentEncoding, ifAbsent = false, leaseId }, signal) => {
      const headers: Record<string, string> = {
        "content-type": "application/octet-stream",
        "x-ms-blob-type": "BlockBlob",
        ...encodedAs(contentEncoding),
      };
      if (ifAbsent) headers["if-none-match"] = "*";
      if (leaseId !== undefined) headers["x-ms-lease-id"] = leaseId;
      await service.call({
        method: "PUT",
        expects: [201],
        path: pathOf({ container, blob }),
        headers,
        body: content,
        signal,
      });
      return undefined;
    },
    "blob.putBlock": async ({ container, blob, blockId, content }, signal) => {
      await service.call({
        method: "PUT",
        expects: [201],
        path: pathOf({ container, blob }),
        query: [
          ["comp", "block"],
          ["blockid", blockId],
        ],
        headers: { "content-type": "application/octet-stream" },
        body: content,
        signal,
      });
      return undefined;
    },
    "blob.putBlockList": async ({ container, blob, blockIds, contentEncoding }, signal) => {
      const blocks = blockIds.map((id) => `<Latest>${escapeXml(id)}</Latest>`).join("");
      await service.call({
        method: "PUT",
        expects: [201],
        path: pathOf({ container, blob }),
        query: [["comp", "blocklist"]],
        headers: { "content-type": "application/xml; charset=utf-8", ...encodedAs(contentEncoding) },
        body: `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><BlockList>${blocks}</BlockList>`,
        signal,
      });
      return undefined;
    },
    "blob.get": async ({ container, blob, maxBytes, range }, signal) => {
      const tooLong = () =>
        new DurableError("CorruptData", `blob ${blob} holds more than ${maxBytes} bytes, the most that is read`);
      const headers: Record<string, string> = {};
      if (range !== undefined) headers["x-ms-range"] = `bytes=${range.offset}-${range.offset + range.count - 1}`;
      const limit = { maxBytes, tooLong };
      try {
        const answer = await service.call({
          method: "GET",
          expects: [200, 206],
          path: pathOf({ container, blob }),
          headers,
          signal,
          limit,
        });
        if (answer.headers.etag === undefined) throw malformedAnswer(answer, "it has no ETag");
        return answer.body;
      } catch (error) {
        // Nothing is left from there on.
        if (range !== undefined && (error as { statusCode?: unknown }).statusCode === 416) return new Uint8Array();
        throw error;
      }
    },
    "blob.list": async (request, signal) => {
      const { blobs, continuationToken } = await list(request, signal);
      return { names: blobs.map(nameOf), continuationToken };
    },
    "blob.delete": async ({ container, blob }, signal) => {
      const headers = { "x-ms-delete-snapshots": "include" };
      await service.call({ method: "DELETE", expects: [202], path: pathOf({ container, blob }), headers, signal });
      return undefined;
    },
    "blob.listLeases": async (request, signal) => {
      const { blobs, continuationToken } = await list(request, signal);
      const leases = blobs.map((blob) => {
        const properties = childOf(blob, "Properties");
        const etag = (properties && (textOf(properties, "Etag") ?? textOf(properties, "ETag"))) ?? "";
        return {
          blob: nameOf(blob),
          etag,
          isLeased: properties !== undefined && textOf(properties, "LeaseState") === "leased",
        };
      });
      return { blobs: leases, continuationToken };
    },
    "blob.acquireLease": (request, signal) =>
      lease(
        request,
        signal,
        {
          "x-ms-lease-action": "acquire",
          "x-ms-lease-duration": String(request.durationSeconds),
          "x-ms-proposed-lease-id": request.leaseId,
        },
        [201],
      ),
    "blob.renewLease": (request, signal) =>
      lease(request, signal, { "x-ms-lease-action": "renew", "x-ms-lease-id": request.leaseId }),
    "blob.changeLease": (request, signal) =>
      lease(request, signal, {
        "x-ms-lease-action": "change",
        "x-ms-lease-id": request.leaseId,
        "x-ms-proposed-lease-id": request.newLeaseId,
      }),
    "blob.releaseLease": (request, signal) =>
      lease(request, signal, { "x-ms-lease-action": "release", "x-ms-lease-id": request.leaseId }),
    "blob.breakLease": (request, signal) =>
      lease(request, signal, { "x-ms-lease-action": "break", "x-ms-lease-break-period": "0" }, [202]),
  };
}

const ofContainer = ["restype", "container"] as const;
const ofLease = ["comp", "lease"] as const;

function pathOf({ container, blob }: Target): string {
  if (blob === undefined) return encodeURIComponent(container);
  return `${encodeURIComponent(container)}/${blob.split("/").map(encodeURIComponent).join("/")}`;
}

function encodedAs(contentEncoding: string | undefined): Readonly<Record<string, string>> {
  return contentEncoding === undefined ? {} : { "x-ms-blob-content-encoding": contentEncoding };
}

function nameOf(blob: XmlElement): string {
  return required(textOf(blob, "Name"), "Name");
}
