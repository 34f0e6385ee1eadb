// What the `engines` of packages say, as far as packages say it: `>=20`, `^20.19.0 || >=22.12`, `6.* || >= 10.*`.

/** The lowest version of each line that a range takes: `20.19.0` and `22.12.0` of `^20.19 || >=22.12`. */
export function lowestNodes(range) {
  return partsOf(range).map(({ version }) => version.join("."));
}

/** Whether a range takes a version, which is written in full. */
export function takesNode(range, version) {
  const wanted = version.split(".").map(Number);
  return partsOf(range).some((part) => {
    if (compare(wanted, part.version) < 0) return false;
    if (part.operator === ">=") return true;
    if (part.operator === "^") return wanted[0] === part.version[0];
    return wanted.slice(0, part.length).every((number, index) => number === part.version[index]);
  });
}

/** @throws on a range of another form: better than a wrong answer */
function partsOf(range) {
  return range.split("||").map((text) => {
    const found = /^(>=|\^|)\s*v?(\d+|\*)((?:\.(?:\d+|\*|x)){0,2})$/.exec(text.trim());
    if (found === null) throw new Error(`'${range}' is no range of Node versions that is understood here`);
    const numbers = `${found[2]}${found[3]}`.split(".").filter((number) => /^\d+$/.test(number));
    const version = [0, 1, 2].map((index) => Number(numbers[index] ?? 0));
    return { operator: found[1], version, length: numbers.length };
  });
}

function compare(a, b) {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
