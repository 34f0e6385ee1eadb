/** What stands in the place of a secret. */
const mark = "***";

interface Rule {
  readonly pattern: RegExp;
  readonly replacement: string;
}

/** What follows the name of a secret: the end of a quoted name, and `=`, `:` or the former as a URL writes it. */
const separator = String.raw`\\{0,8}["']?\s{0,3}(?:=(?!=)>?|:(?!:)|%3[Dd])\s{0,3}`;
/** A value without quotes: up to what ends a word, a pair of a connection string, or a parameter of a URL. */
const bare = String.raw`(?!\\)(?:[^\s"'<>;,&%\\]|,(?!\s|$)|&(?![\w.-]{1,40}=)|%(?!3[Bb]|26)|\\(?!["']))+`;
/** A value in quotes, which it may hold with a backslash. */
const quoted = String.raw`(["'])(?:\\[^\r\n]|(?!\2)[^\r\n\\])+`;
/** One in a JSON text inside another one, whose quotes have backslashes themselves. */
const nested = String.raw`(\\{1,8}["'])(?:(?!\\{0,8}["'])[^\r\n])+`;

/** Members of connection strings, settings, headers, queries and JSON texts; a longer name may end with one. */
const names = [
  "accountkey",
  "sharedaccesskey",
  "accesskey",
  "primarykey",
  "secondarykey",
  "masterkey",
  "hostkey",
  "api[-_]?key",
  "link[-_]?key",
  "functions[-_]key",
  "encryption[-_]?key",
  "private[-_]?key",
  "subscription[-_]?key",
  "password",
  "passwd",
  "passphrase",
  "pwd",
  "secret",
  "(?<!publickey)(?<!continuation)(?<!continuation-)token",
  "(?:(?<![a-z0-9])|(?<=%[0-9a-f]{2}))sig(?:nature)?",
  "credential",
].join("|");

const linewise = "(?:proxy-)?authorization|(?:set-)?cookie";

/**
 * Each is linear in the length of the text: it begins with a literal or at a bound of a word, and what follows is of a
 * fixed length or ends where the next one could begin.
 */
const rules: readonly Rule[] = [
  // A private key, also where its lines are escaped, or its end is missing.
  {
    pattern: /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:[^-]|-(?!----))*(?:-----END [A-Z0-9 ]{0,40}-----)?/g,
    replacement: mark,
  },
  // A signature for an account holds '&': it ends with the pair.
  {
    pattern: new RegExp(`(sharedaccesssignature${separator})(\\\\{0,8}["'])?[^\\s"'<>;]+`, "gi"),
    replacement: `$1$2${mark}`,
  },
  // Headers are secret to the end of their line or text.
  {
    pattern: new RegExp(
      `((?<![a-z])(?:${linewise})${separator}\\[?\\s?)(\\\\{0,8}["'])?[^\\s"'][^\\r\\n"'\\\\}\\]]*`,
      "gi",
    ),
    replacement: `$1$2${mark}`,
  },
  // A password may hold spaces: where pairs end with ';', it does.
  { pattern: /((?:password|pwd)\s?=\s?)[^;"'\r\n]{1,128}(?=;)/gi, replacement: `$1${mark}` },
  { pattern: new RegExp(`((?:${names})${separator})${nested}`, "gi"), replacement: `$1$2${mark}` },
  { pattern: new RegExp(`((?:${names})${separator})${quoted}`, "gi"), replacement: `$1$2${mark}` },
  { pattern: new RegExp(`((?:${names})${separator})${bare}`, "gi"), replacement: `$1${mark}` },
  // Keys of functions, and codes of OAuth.
  { pattern: /((?:[?&]|&amp;|%3[Ff]|%26)(?:code|key)(?:=|%3[Dd]))[^\s"'<>;&#%]+/g, replacement: `$1${mark}` },
  // Names and passwords in URLs.
  { pattern: /(:\/\/)[^\s/?#"'<>]+@/g, replacement: `$1${mark}@` },
  // Credentials without their header; the word after 'Bearer' may be one.
  {
    pattern: /\b([Bb]earer|BEARER|[Bb]asic|BASIC)(\s+|%20|\+)(?=\S{0,80}[\d_~+/=.]|\S{0,80}[a-z][A-Z])[\w.~+/=-]{6,}/g,
    replacement: `$1$2${mark}`,
  },
  { pattern: /\b(SharedKey(?:Lite)?|SharedAccessSignature)(\s+)[^\s"'<>]+/g, replacement: `$1$2${mark}` },
  // JSON Web Tokens.
  { pattern: /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)*/g, replacement: mark },
  // Keys of 64 and of 32 bytes in Base64, and those that Azure Functions makes.
  { pattern: /(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}=)(?![A-Za-z0-9+/=])/g, replacement: mark },
  { pattern: /(?<![\w-])[\w-]{40,60}AzFu[\w-]{6,8}={0,2}/g, replacement: mark },
];

/**
 * Whatever a rule takes holds one of these: a look for all of them at once costs a twentieth of the rules, and nearly all
 * lines of a log have none.
 */
const hints =
  /key|secret|token|sig|passw|passphrase|pwd|credential|authorization|cookie|code(?:=|%3d)|:\/\/|bearer|basic|eyj|azfu|(?<![a-z0-9+/])[a-z0-9+/]{43}|is not valid json/i;

/** What `JSON.parse` shows of its text is a part of somebody's payload. */
const parseFailure = " is not valid JSON";
/** The parser shows 40 characters at most. */
const longestShown = 64;

/**
 * A text for the log, or for whoever is answered, without the secrets that it quotes: keys, signatures, tokens, passwords,
 * credentials in URLs, cookies, private keys, and what a JSON parser shows of its text. The rest stays readable.
 *
 * Takes time in proportion to the length of the text, whatever it holds. A text that went through stays as it is.
 *
 * @example
 * redactSecrets("AccountName=a;AccountKey=Zm9v;x") // "AccountName=a;AccountKey=***;x"
 */
export function redactSecrets(text: string): string {
  if (!hints.test(text)) return text;
  let redacted = text;
  for (const { pattern, replacement } of rules) redacted = redacted.replace(pattern, replacement);
  return redacted.includes(parseFailure) ? withoutShownJson(redacted) : redacted;
}

function withoutShownJson(text: string): string {
  return text
    .split(parseFailure)
    .map((part, index, parts) => (index === parts.length - 1 ? part : withoutLastQuote(part)))
    .join(parseFailure);
}

/** `Unexpected token 'x', ..."a text"...` becomes `Unexpected token 'x', ***`. */
function withoutLastQuote(text: string): string {
  const start = Math.max(0, text.length - longestShown);
  const shown = /(?:(?<=token .{1,4}, )|^)(?:\.\.\.)?"[\s\S]*"(?:\.\.\.)?$|"[\s\S]*"(?:\.\.\.)?$/.exec(
    text.slice(start),
  );
  return shown === null ? text : `${text.slice(0, start + shown.index)}${mark}`;
}
