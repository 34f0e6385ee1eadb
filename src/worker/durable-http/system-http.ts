import { lookup } from "node:dns";
import { type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import type { Readable } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { addressRefused, type HttpTransport, HttpTransportError, type TransportRequest } from "./http-transport.ts";

/**
 * The machine's network. Names are resolved once per request and the connection goes to an address that was checked, so
 * a name that changes its address in between gains nothing. Every request has a connection of its own.
 */
export const systemHttpTransport: HttpTransport = {
  send(message) {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) => reject(describe(error, message.signal));
      let request: ClientRequest;
      try {
        request = open(message, fail);
      } catch (error) {
        return fail(error);
      }
      request.on("error", fail);
      request.on("response", (response) => {
        resolve({
          status: response.statusCode ?? 0,
          headers: joinHeaders(response),
          body: readBody(response, message.signal),
          close: () => request.destroy(),
        });
      });
      request.end(message.body);
    });
  },
};

function open(message: TransportRequest, fail: (error: Error) => void): ClientRequest {
  const { url, method, headers, body, signal, maxHeaderBytes, isAddressAllowed } = message;
  const literal = url.hostname.replace(/^\[|\]$/g, "");
  if (!isAddressAllowed(literal)) throw new HttpTransportError(addressRefused);
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  return send(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { "content-length": String(Buffer.byteLength(body)) }) },
    agent: false,
    signal,
    maxHeaderSize: maxHeaderBytes,
    lookup: checkedLookup(isAddressAllowed),
  }).on("upgrade", (_response, socket) => {
    socket.destroy();
    fail(new HttpTransportError("UPGRADE_NOT_SUPPORTED"));
  });
}

function checkedLookup(isAddressAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "", 0);
      if (!addresses.every(({ address }) => isAddressAllowed(address))) {
        return callback(Object.assign(new Error(addressRefused), { code: addressRefused }), "", 0);
      }
      if (options.all) return callback(null, addresses);
      const [first] = addresses;
      callback(null, first?.address ?? "", first?.family ?? 0);
    });
  };
}

function joinHeaders(response: IncomingMessage): Record<string, string> {
  const joined = new Map<string, string>();
  for (const [name, values] of Object.entries(response.headersDistinct)) joined.set(name, (values ?? []).join(", "));
  return Object.fromEntries(joined);
}

async function* readBody(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* decode(response);
  } catch (error) {
    throw describe(error, signal);
  }
}

function decode(response: IncomingMessage): Readable {
  const decoder = createDecoder(response.headers["content-encoding"]?.trim().toLowerCase());
  if (decoder === undefined) return response;
  response.on("error", (error) => decoder.destroy(error));
  response.on("aborted", () => decoder.destroy(new HttpTransportError("ECONNRESET")));
  return response.pipe(decoder);
}

function createDecoder(encoding: string | undefined) {
  switch (encoding) {
    case "gzip":
    case "x-gzip":
      return createGunzip();
    case "deflate":
      return createInflate();
    case "br":
      return createBrotliDecompress();
    default:
      return undefined;
  }
}

function describe(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof HttpTransportError) return error;
  const { code } = error as { readonly code?: unknown };
  return new HttpTransportError(typeof code === "string" ? code : "UNKNOWN");
}
