import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";

/**
 * Unpacks a tarball of npm, without a program that not every system has: files only, without the folder `package` that
 * npm puts around them.
 *
 * @param {string} tarball
 * @param {string} folder is made
 * @returns {void}
 */
export function unpackTarball(tarball, folder) {
  const bytes = gunzipSync(readFileSync(tarball));
  // Blocks of 512 bytes: a header with name, size (octal) and type, then the content; empty ones at the end.
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const text = (start, length) => bytes.toString("utf8", at + start, at + start + length).split("\0", 1)[0];
    const size = Number.parseInt(text(124, 12), 8);
    const name = [text(345, 155), text(0, 100)].filter((part) => part !== "").join("/");
    const type = text(156, 1);
    if (type === "0" || type === "") {
      const target = join(folder, ...name.split("/").slice(1));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, bytes.subarray(at + 512, at + 512 + size));
    } else if (type !== "5") {
      throw new Error(
        `${tarball}: ${name} is of type ${type}, which npm does not write for names below 256 characters`,
      );
    }
    at += 512 * (1 + Math.ceil(size / 512));
  }
}
