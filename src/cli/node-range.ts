type Version = readonly [major: number, minor: number, patch: number];

/**
 * Whether a version of Node.js is in a range as `engines` of package.json has it. `undefined` for a range that is not
 * understood.
 */
export function isInNodeRange(version: Version, range: string): boolean | undefined {
  const alternatives = range.split("||").map((alternative) => isInAll(version, alternative.trim()));
  if (alternatives.includes(true)) return true;
  return alternatives.includes(undefined) ? undefined : false;
}

function isInAll(version: Version, text: string): boolean | undefined {
  const comparators = text.replace(/([<>=~^]+)\s+/g, "$1").split(/\s+/);
  const results = comparators.map((comparator) => isIn(version, comparator));
  if (results.includes(undefined)) return undefined;
  return results.every(Boolean);
}

function isIn(version: Version, comparator: string): boolean | undefined {
  if (comparator === "" || comparator === "*" || comparator === "x") return true;
  const parts = /^(>=|<=|>|<|=|\^|~)?v?(\d+)(?:\.(\d+|[x*]))?(?:\.(\d+|[x*]))?$/i.exec(comparator);
  if (parts === null) return undefined;
  const [, operator = "", major, minor, patch] = parts;
  const given = [major, minor, patch].filter((part) => part !== undefined && /^\d+$/.test(part)).map(Number);
  const low: Version = [given[0] ?? 0, given[1] ?? 0, given[2] ?? 0];
  const order = compare(version, low);
  const isWithin = (count: number) => given.slice(0, count).every((part, index) => version[index] === part);
  switch (operator) {
    case ">=":
      return order >= 0;
    case ">":
      return order > 0 && !(given.length < 3 && isWithin(given.length));
    case "<":
      return order < 0;
    case "<=":
      return order <= 0 || (given.length < 3 && isWithin(given.length));
    case "^":
      return order >= 0 && isWithin(1);
    case "~":
      return order >= 0 && isWithin(Math.min(2, given.length));
    default:
      return isWithin(given.length);
  }
}

function compare(left: Version, right: Version): number {
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}
