import { hostileIds } from "./hostile-ids.ts";
import { bodies, contentTypes, wrongEncodings } from "./http-bodies.ts";
import { type HttpDoor, httpDoors } from "./http-doors.ts";
import type { RawRequest } from "./raw-http.ts";

/** One request that is no good, or is odd, and what may become of it. */
export interface HttpCase extends RawRequest {
  readonly label: string;
  /**
   * `refused` must be answered with 4xx, `served` with 2xx; `documented` with one of both. `broken` is no HTTP, or is only
   * half of it: its connection may end without an answer.
   */
  readonly expects: "refused" | "served" | "documented" | "broken";
  /** The one status that says what is wrong, where there is one. */
  readonly status?: number | undefined;
}

interface Sent {
  readonly method?: string;
  readonly target: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | Buffer;
  /** In place of `Content-Length`, when there is a body. */
  readonly framing?: "chunked" | "none";
}

const json = ["Content-Type", "application/json"] as const;

/** @param text sent as latin1, so that each character is one byte */
function rawCase(label: string, text: string | Buffer, expects: HttpCase["expects"], more: Partial<HttpCase> = {}) {
  const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
  return { label, bytes, expects, ...more } satisfies HttpCase;
}

function format({ method = "GET", target, headers = [], body, framing }: Sent): Buffer {
  const bytes = Buffer.from(body ?? "");
  const lines = [`${method} ${target} HTTP/1.1`, "Host: localhost"];
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (body !== undefined && framing === undefined) lines.push(`Content-Length: ${bytes.length}`);
  if (framing === "chunked") lines.push("Transfer-Encoding: chunked");
  const content =
    framing === "chunked"
      ? Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n0\r\n\r\n")])
      : bytes;
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), content]);
}

const methods = [
  ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH", "PURGE", "REPORT", "QUERY"],
];
const noMethods = ["get", "FOO", "GE T", "", "\0GET", "G\u00c4T", "TRACK", "A".repeat(5000)];

function* verbs(door: HttpDoor): Generator<HttpCase> {
  for (const { target } of door.requests) {
    for (const method of methods) yield rawCase(`${method} ${target}`, format({ method, target }), "documented");
    yield rawCase(`TRACE ${target}`, format({ method: "TRACE", target }), "refused", { status: 405 });
    yield rawCase(`CONNECT ${target}`, format({ method: "CONNECT", target }), "broken");
    const [noMethod] = [noMethods[target.length % noMethods.length]!];
    yield rawCase(`${noMethod.slice(0, 9)} ${target}`, format({ method: noMethod, target }), "broken");
    const headers = [["X-HTTP-Method-Override", "DELETE"] as const, ["X-HTTP-Method", "DELETE"] as const];
    yield rawCase(`override ${target}`, format({ target, headers }), "documented");
  }
}

/** Segments that are put into the paths of each door. */
const segments = [
  ...["%", "%%", "%2", "%zz", "%u0041", "%25", "%2525", "%2f", "%2F", "%5c", "%3f", "%23", "%00", "%0a", "%0d%0aX:y"],
  ...["%c0%af", "%c0%80", "%e0%80%af", "%ed%a0%80", "%ed%b0%80", "%f8%88%80%80%80", "%ff", "%fe%ff", "%ef%bf%be"],
  ...["%e2%80%a8", "%e2%80%ae", "%f0%9f%8c%8d", "a;b=c", "a,b", "a:b", "*", "'", '"', "<x>", "{x}", "|", "^", "`", "~"],
  ...["$", "@x@y", "%40x%40y", "a%20", "%20a", "+", "%7f", "%85", "con", "a".repeat(255), "a".repeat(257)],
  ...["a".repeat(2000), "%61".repeat(300)],
];
const refusedSegments = [
  ...[".", "..", "%2e", "%2E%2e", ".%2e", "\\", "a\\b", "..\\..", "\u00e4", "a#b", "#", "\u007f", "\u0080\u0081"],
];

function* paths(door: HttpDoor): Generator<HttpCase> {
  for (const segment of segments) {
    yield rawCase(`path ${segment.slice(0, 40)}`, format({ target: `${door.prefix}/${segment}` }), "documented");
    yield rawCase(
      `tail ${segment.slice(0, 40)}`,
      format({ target: `${door.requests[0]!.target}/${segment}` }),
      "documented",
    );
  }
  for (const segment of refusedSegments) {
    for (const target of [`${door.prefix}/${segment}`, `${door.prefix}/x/${segment}/y`, `${door.prefix}/${segment}/`]) {
      for (const method of ["GET", "DELETE"]) {
        yield rawCase(`${method} ${target}`, format({ method, target }), "refused", { status: 400 });
      }
    }
  }
  const { target } = door.requests[0]!;
  for (const odd of [
    "",
    "*",
    "?",
    "//",
    "///",
    `/${target}`,
    "x",
    ":80",
    "http:",
    "http://",
    "http:///x",
    "ftp://h/",
    "?a",
  ]) {
    yield rawCase(`target ${odd}`, format({ target: odd }), "broken");
  }
  for (const host of ["localhost", "LOCALHOST:7071", "127.0.0.1"]) {
    yield rawCase(`absolute ${host}`, format({ target: `http://${host}${target}` }), "documented");
  }
  yield rawCase("absolute with user", format({ target: `http://a:b@localhost${target}` }), "refused", { status: 400 });
  yield rawCase(
    "absolute foreign",
    format({ target: `http://evil.test${target}` }),
    door.isGuarded ? "refused" : "documented",
  );
}

/** What a URL can hold. */
const someIds = hostileIds.filter((id, index) => index % 9 === 0 && id.isWellFormed() && id !== "");

function* ids(door: HttpDoor): Generator<HttpCase> {
  // As they go over the wire: encoded as a whole, and as little as can be.
  for (const id of someIds) {
    for (const route of door.idRoutes) {
      const segment = encodeURIComponent(id).replace(/^\.{1,2}$/, (dots) => dots.replaceAll(".", "%2e"));
      const { method, body } = route;
      const target = route.target.replace("{id}", segment);
      const sent = {
        method,
        target,
        headers: body === undefined ? [] : [json],
        ...(body === undefined ? {} : { body }),
      };
      yield rawCase(`id ${JSON.stringify(id).slice(0, 60)} ${method} ${route.target}`, format(sent), "documented");
    }
  }
}

function* contents(door: HttpDoor): Generator<HttpCase> {
  for (const { method, target } of door.requests.filter(({ takesJson }) => takesJson)) {
    for (const [label, body, status] of [...bodies, ...(door.isGuarded ? wrongEncodings : [])]) {
      const expected =
        status === undefined ? ({ expects: "documented" } as const) : { expects: "refused" as const, status };
      for (const framing of [undefined, "chunked"] as const) {
        const sent = format({ method, target, headers: [json], body, ...(framing === undefined ? {} : { framing }) });
        yield rawCase(`${label}, ${framing ?? "whole"}: ${target}`, sent, expected.expects, expected);
      }
    }
    for (const type of contentTypes) {
      const sent = format({ method, target, headers: [["Content-Type", type]], body: '{"a":"\u00e4"}' });
      yield rawCase(`type ${type.slice(0, 40)}: ${target}`, sent, "documented");
    }
  }
}

function* queries(door: HttpDoor): Generator<HttpCase> {
  const names = [
    "top",
    "pageSize",
    "createdTimeFrom",
    "createdTimeTo",
    "runtimeStatus",
    "instanceIdPrefix",
    "showInput",
  ];
  const values = [
    ...["", "0", "-1", "1", "1e9", "9".repeat(400), "NaN", "null", "0x10", "1.5", "%00", "'", "' or 1 eq 1", "%27"],
    ...[
      "2024-01-01",
      "2024-13-45T99:99:99Z",
      "0000-00-00",
      "9999-12-31T23:59:59Z",
      "275760-09-13",
      "-000001-01-01",
      "now",
    ],
    ...[
      "Running,Completed",
      "running",
      "Nothing",
      ",,,",
      "Running,".repeat(900),
      "true",
      "%ff",
      "a&top=2&top=3",
      "a&__proto__=1",
    ],
  ];
  for (const name of door.hasQuery ? names : names.slice(0, 1)) {
    for (const text of values) {
      const target = `${door.queryTarget}?${name}=${text.replaceAll(" ", "%20")}`;
      yield rawCase(`query ${name}=${text.slice(0, 40)}`, format({ target }), "documented");
    }
  }
  for (const query of [
    "?".repeat(50),
    "&".repeat(5000),
    "=&=&=",
    "a=1&".repeat(2000),
    "x".repeat(12_000),
    "%",
    "a[]=1",
    "taskHub=Other",
  ]) {
    yield rawCase(`query ${query.slice(0, 20)}`, format({ target: `${door.queryTarget}?${query}` }), "documented");
  }
  for (const token of tokens) {
    const headers = [["x-ms-continuation-token", token] as const];
    yield rawCase(`token ${token.slice(0, 20)}`, format({ target: door.queryTarget, headers }), "documented");
  }
}

const encode = (content: unknown) => Buffer.from(JSON.stringify(content) ?? "").toString("base64url");
const tokens = [
  ...[
    "",
    "x",
    "null",
    "{}",
    "AAAA",
    "\u00e4",
    "a".repeat(9000),
    encode(null),
    encode(1),
    encode({}),
    encode([]),
    encode("a"),
  ],
  ...[
    encode({ hub: "x", after: "a" }),
    encode({ hub: null, after: null }),
    encode({ hub: "x", next: { a: 1 } }),
    encode({ after: 1 }),
  ],
];

function* headerCases(door: HttpDoor): Generator<HttpCase> {
  const { target } = door.requests[0]!;
  const with_ = (label: string, headers: Sent["headers"], expects: HttpCase["expects"], status?: number) =>
    rawCase(`${label}: ${target}`, format({ target, headers: headers! }), expects, { status });
  const many = (count: number, size = 1) =>
    Array.from({ length: count }, (_, at) => [`x-${at}`, "v".repeat(size)] as const);
  yield with_("99 headers", many(98), "documented");
  yield with_("500 headers", many(500), "refused", 431);
  yield with_("3,000 headers", many(3000), "refused", 431);
  yield with_("64 KiB in one header", [["x-large", "v".repeat(65_536)]], "refused", 431);
  yield with_("a name of 20,000 characters", [["x".repeat(20_000), "v"]], "refused", 431);
  yield with_("headers of 1 MB", many(90, 11_000), "refused", 431);
  yield with_("another host too", [["Host", "evil.test"]], "refused", 400);
  for (const value of ["\u00e4\u00ff", "", " ", "\t", "a\tb", "a, b", '"', "__proto__", "%0d%0aSet-Cookie:a=b"]) {
    for (const name of ["Origin", "Referer", "Cookie", "Accept", "Content-Encoding", "__proto__", "constructor"]) {
      yield with_(`${name} ${value}`, [[name, value]], "documented");
    }
  }
  for (const [name, value] of [
    ...[
      ["Expect", "100-continue"],
      ["Expect", "fly"],
      ["Upgrade", "h2c"],
      ["Connection", "upgrade"],
      ["Upgrade", "websocket"],
    ],
    ...[
      ["Connection", "close, x, y"],
      ["TE", "trailers"],
      ["Trailer", "x"],
      ["Range", "bytes=0-1,-1"],
      ["If-Match", "*"],
    ],
    ...[
      ["Forwarded", "host=evil.test"],
      ["X-Forwarded-Host", "evil.test"],
      ["X-Original-URL", "/admin"],
      ["x-ms-invocation-id", "x"],
    ],
    ...[
      ["traceparent", "00-zz"],
      ["tracestate", "=".repeat(500)],
      ["x-functions-key", "a\u00e4"],
      ["Authorization", "Basic !"],
    ],
  ] as const) {
    yield with_(`${name} ${value.slice(0, 20)}`, [[name!, value!]], "documented");
  }
  for (const host of [
    "",
    " ",
    "a b",
    "[",
    "[::1",
    "a:99999",
    "\u00e4",
    "evil.test",
    "localhost@evil.test",
    "a/../b",
    "x".repeat(300),
  ]) {
    const expects = door.isGuarded ? "refused" : "broken";
    yield rawCase(`host ${host.slice(0, 20)}`, `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, expects);
  }
}

/** What is no HTTP, or means two things. */
function* framings(door: HttpDoor): Generator<HttpCase> {
  for (const { method, target } of door.requests.filter(({ takesJson }) => takesJson)) {
    const start = `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
    const chunked = `${start}Transfer-Encoding: chunked\r\n\r\n`;
    const broken: readonly (readonly [string, string | Buffer])[] = [
      ["two lengths", `${start}Content-Length: 1\r\nContent-Length: 2\r\n\r\n12`],
      ["the length twice", `${start}Content-Length: 1, 1\r\n\r\n1`],
      ["length and chunks", `${start}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\n0\r\n\r\n`],
      ["a negative length", `${start}Content-Length: -1\r\n\r\n1`],
      ["a hexadecimal length", `${start}Content-Length: 0x1\r\n\r\n1`],
      ["a length with a sign", `${start}Content-Length: +1\r\n\r\n1`],
      ["a length beyond all numbers", `${start}Content-Length: ${"9".repeat(30)}\r\n\r\n1`],
      ["an unknown encoding", `${start}Transfer-Encoding: gzip\r\n\r\n1`],
      ["chunked, identity", `${start}Transfer-Encoding: chunked, identity\r\n\r\n1\r\n1\r\n0\r\n\r\n`],
      ["chunked with a tab", `${start}Transfer-Encoding:\tchunked\r\n\r\n1\r\n1\r\n0\r\n\r\n`],
      ["a space before the colon", `${start}X : y\r\n\r\n`],
      ["a folded header", `${start}X: a\r\n b\r\n\r\n`],
      ["bare line feeds", `${start}X: y\n\n`.replaceAll("\r", "")],
      ["bare carriage returns", `${start}X: y\r\r`],
      ["NUL in a header", `${start}X: a\0b\r\n\r\n`],
      ["no chunk size", `${chunked}x\r\n1\r\n0\r\n\r\n`],
      ["a chunk size beyond all numbers", `${chunked}${"f".repeat(17)}\r\n1`],
      ["a negative chunk size", `${chunked}-1\r\n1`],
      ["a chunk that is longer than it says", `${chunked}1\r\n12\r\n0\r\n\r\n`],
      ["an endless chunk extension", `${chunked}1;${"x".repeat(40_000)}\r\n1\r\n0\r\n\r\n`],
      ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
      ["HTTP/0.9", `GET ${target}\r\n`],
      ["HTTP/9.9", `${start}\r\n`.replace("1.1", "9.9")],
      ["no host", `${method} ${target} HTTP/1.1\r\n\r\n`],
      ["TLS", Buffer.from("16030100c8010000c40303", "hex")],
      ["SSH", "SSH-2.0-OpenSSH_9.6\r\n"],
      ["noise", Buffer.from(Array.from({ length: 300 }, (_, at) => (at * 167 + 13) % 256))],
      ["nothing but line ends", "\r\n".repeat(2000)],
      ["an endless request line", `GET /${"a".repeat(70_000)}`],
    ];
    for (const [label, text] of broken) yield rawCase(`${label}: ${target}`, text, "broken");
    const twice = `${start}Content-Length: 1\r\n\r\n1`.repeat(2);
    yield rawCase(`two at once: ${target}`, twice, "documented", { answers: 2 });
    yield rawCase(`one and noise: ${target}`, `${start}Content-Length: 1\r\n\r\n1\u0001\u0002`, "documented");
    yield rawCase(`trailers: ${target}`, `${chunked}1\r\n1\r\n0\r\nX: y\r\n\r\n`, "documented");
  }
}

/** Requests that never come to their end. */
function* halves(door: HttpDoor): Generator<HttpCase> {
  const half = (label: string, text: string, drip?: HttpCase["drip"]) =>
    rawCase(`${label}: ${door.prefix}`, text, "broken", { drip });
  yield half("nothing", "");
  yield half("a letter", "G");
  for (const { method, target } of door.requests.filter(({ takesJson }) => takesJson)) {
    const start = `${method} ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
    yield half(`half a header ${target}`, `${start}X: y`);
    yield half(`no end of headers ${target}`, start);
    yield half(`no body ${target}`, `${start}Content-Length: 10\r\n\r\n`);
    yield half(`half a body ${target}`, `${start}Content-Length: 10\r\n\r\n[1,`);
    yield half(`no chunk ${target}`, `${start}Transfer-Encoding: chunked\r\n\r\n`);
    yield half(`half a chunk ${target}`, `${start}Transfer-Encoding: chunked\r\n\r\n5\r\n[1,`);
    yield half(`no last chunk ${target}`, `${start}Transfer-Encoding: chunked\r\n\r\n1\r\n1\r\n`);
    yield half(`headers by the byte ${target}`, `${start}X-Y: ${"z".repeat(500)}`, { bytes: 1, everyMs: 20 });
    const body = `${start}Content-Length: 500\r\n\r\n${"1".repeat(500)}`;
    yield half(`a body by the byte ${target}`, body, { bytes: 2, everyMs: 20 });
  }
}

/** Those that never change: some of every kind, for each door. */
export function fixedCases(): readonly HttpCase[] {
  const families = [verbs, paths, ids, contents, queries, headerCases, framings, halves];
  return httpDoors.flatMap((door) => families.flatMap((family) => [...family(door)]));
}
