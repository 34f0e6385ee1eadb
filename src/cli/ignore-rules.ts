/** One line of a file in the form of .gitignore. */
export interface IgnoreRule {
  /** As it is written. */
  readonly text: string;
  readonly isNegated: boolean;
  readonly pattern: RegExp;
}

/** What Core Tools leave out of every package. */
export const builtInIgnores: readonly string[] = [
  ".git",
  ".vscode",
  ".funcignore",
  ".gitignore",
  "local.settings.json",
  "project.lock.json",
];

/** Reads the rules of a .funcignore. Lines that are no pattern are left out. */
export function parseIgnoreRules(text: string): readonly IgnoreRule[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const trimmed = line.replace(/^\uFEFF/, "").replace(/(?<!\\)\s+$/, "");
    if (trimmed === "" || trimmed.startsWith("#")) return [];
    const isNegated = trimmed.startsWith("!");
    const pattern = toPattern(isNegated ? trimmed.slice(1) : trimmed.replace(/^\\(?=[#!])/, ""));
    return pattern === undefined ? [] : [{ text: trimmed, isNegated, pattern }];
  });
}

/**
 * The rule that leaves a path out; `undefined` when none does. The last rule that fits a path decides, and what a folder
 * is left out with does not come back.
 *
 * @param path relative, with slashes
 */
export function ruleAgainst(path: string, rules: readonly IgnoreRule[]): IgnoreRule | undefined {
  const segments = path.split("/");
  for (let length = 1; length <= segments.length; length++) {
    const part = segments.slice(0, length).join("/") + (length < segments.length ? "/" : "");
    const last = rules.findLast((rule) => rule.pattern.test(part));
    if (last !== undefined && !last.isNegated) return last;
  }
  return undefined;
}

/** Folders are matched with a slash behind them. */
function toPattern(glob: string): RegExp | undefined {
  const isFolder = glob.endsWith("/");
  const body = glob.replace(/^\//, "").replace(/\/$/, "");
  if (body === "") return undefined;
  const isAnchored = glob.replace(/\/$/, "").includes("/");
  const source = body.replace(/\*\*\/|\/\*\*$|\*|\?|\[[^\]/]*\]|[.+^${}()|\\[\]]/g, (token) => {
    switch (token) {
      case "**/":
        return "(?:.*/)?";
      case "/**":
        return "/.*";
      case "*":
        return "[^/]*";
      case "?":
        return "[^/]";
      default:
        return token.length > 1 ? token.replace(/^\[!/, "[^") : `\\${token}`;
    }
  });
  try {
    return new RegExp(`^${isAnchored ? "" : "(?:.*/)?"}${source}${isFolder ? "/" : "/?"}$`);
  } catch {
    return undefined;
  }
}
