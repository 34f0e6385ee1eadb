// What is sent to doors that read JSON, and under which name.

/** Of the host that is asked. */
export const maxBodyBytes = 200_000;

const deep = (levels: number, open = "[", close = "]") => open.repeat(levels) + close.repeat(levels);
const manyKeys = (count: number) => `{${Array.from({ length: count }, (_, at) => `"k${at}":1`).join(",")}}`;
/** Bodies, and whether those that read JSON must refuse them. */
export const bodies: readonly (readonly [string, string | Buffer, number?])[] = [
  ["empty", ""],
  ["null", "null"],
  ["spaces", " \r\n\t "],
  ["byte order mark", "\ufeff{}"],
  ["UTF-16", Buffer.from('\ufeff{"a":1}', "utf16le"), 400],
  ["NUL", "\0", 400],
  ["NUL in a string", '"\0"', 400],
  ["an escaped NUL", '"\\u0000"'],
  ["an escaped lone surrogate", '"\\ud800"'],
  ["a noncharacter", '"\uffff\ufffe"'],
  ["broken off", '{"a":', 400],
  ["broken off in a string", '"abc', 400],
  ["broken off in an escape", '"\\u12', 400],
  ["two values", "1 2", 400],
  ["a comma too many", "[1,]", 400],
  ["comments", "/* */ 1", 400],
  ["single quotes", "{'a':1}", 400],
  ["NaN", "NaN", 400],
  ["undefined", "undefined", 400],
  ["hexadecimal", "0x10", 400],
  ["a leading zero", "01", 400],
  ["an infinite number", "1e400"],
  ["minus zero", "-0"],
  ["more digits than a number has", "9007199254740993"],
  ["180,000 digits", "1".repeat(180_000)],
  ["the same key twice", '{"a":1,"a":2}'],
  ["__proto__", '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'],
  ["$type", '{"$type":"System.IO.FileInfo, System.IO","fileName":"x"}'],
  ["as deep as allowed", deep(1000)],
  ["one too deep", deep(1001), 400],
  ["objects too deep", deep(1001, '{"a":', "}").replace(":}", ":1}"), 400],
  ["100,000 brackets", deep(100_000), 400],
  ["brackets without an end", "[".repeat(200_000), 400],
  ["15,000 keys", manyKeys(15_000)],
  ["a key of 190,000 characters", `{"${"k".repeat(190_000)}":1}`],
  ["a string of brackets", `"${"[".repeat(150_000)}"`],
  ["too large", "1".repeat(maxBodyBytes + 1), 413],
  ["gzip", Buffer.from("H4sIAAAAAAAAA6tWyk4tVbKqVlIqS8wpTVWyUkrOV6qtBQBKFEpjGAAAAA==", "base64"), 400],
  ["HTML", "<!doctype html><script>alert(1)</script>", 400],
];

/** Functions are given these as they are. */
export const wrongEncodings: typeof bodies = [
  ["two byte order marks", "\ufeff\ufeff1", 400],
  ["latin1", Buffer.from('"\u00e4"', "latin1"), 400],
  ["overlong UTF-8", Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 400],
  ["a surrogate in UTF-8", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 400],
];

export const contentTypes = [
  ...[
    "text/plain",
    "text/json",
    "application/xml",
    "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded",
  ],
  ...[
    "application/json; charset=utf-16",
    "application/json;charset=latin1",
    "APPLICATION/JSON",
    "application/json;;;",
    ",",
  ],
  ...[
    "application/problem+json",
    "application/+json",
    "application/x+json; a=b",
    "json",
    "*/*",
    "/",
    ";",
    "a/b, application/json",
  ],
  ...["application/json\t", `application/${"x".repeat(3000)}+json`, "application/json; charset=\u00e4"],
];
