import type { HttpCase } from "./http-corpus.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Another request made of one that is there: bytes are changed, left out, doubled, put in, or the end is cut off. */
export function mutate(base: HttpCase, other: HttpCase, random: SeededRandom): HttpCase {
  let bytes = Buffer.from(base.bytes);
  const changes = 1 + random.below(4);
  for (let change = 0; change < changes && bytes.length > 0; change++) {
    // Most of what is interesting is in front of the body.
    const at = random.below(random.chance(0.8) ? Math.min(bytes.length, 300) : bytes.length);
    const length = random.below(12);
    const splice = (middle: Uint8Array, left: number) =>
      Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(at + left)]);
    switch (random.below(7)) {
      case 0:
        bytes[at] = random.below(256);
        break;
      case 1:
        bytes = splice(Buffer.alloc(0), length);
        break;
      case 2:
        bytes = splice(bytes.subarray(at, at + length), 0);
        break;
      case 3:
        bytes = splice(Buffer.from(random.pick(tidbits), "latin1"), 0);
        break;
      case 4:
        bytes = splice(other.bytes.subarray(0, random.below(200)) as Buffer, length);
        break;
      case 5:
        bytes = splice(Buffer.from(random.pick(tidbits), "latin1"), length);
        break;
      default:
        if (random.chance(0.1)) bytes = bytes.subarray(0, at) as Buffer<ArrayBuffer>;
        else bytes[at]! ^= 1 << random.below(8);
    }
  }
  return { label: `changed ${base.label}`, bytes, expects: "broken" };
}

const tidbits = [
  ...[
    "\r\n",
    "\r\n\r\n",
    "\n",
    "\0",
    " ",
    "\t",
    "%",
    "%2e%2e/",
    "/../",
    "//",
    "?",
    "#",
    "&",
    "=",
    ":",
    ",",
    ";",
    "\u00ff",
  ],
  ...[
    "Content-Length: 5\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Host: x\r\n",
    "Origin: http://x\r\n",
    "Connection: keep-alive\r\n",
  ],
  ...[
    "HTTP/1.1",
    "HTTP/1.0",
    "GET ",
    "POST ",
    "DELETE ",
    "http://x",
    "[[[[[",
    '"',
    "\\u0000",
    "__proto__",
    "9".repeat(20),
    "-",
  ],
];
