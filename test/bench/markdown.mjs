import { median } from "./statistics.mjs";

/** A number as people read it: three significant digits, thousands apart. */
export function format(value) {
  if (value === undefined) return "";
  if (typeof value !== "number") return String(value);
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  if (!Number.isFinite(digits)) return String(value);
  return value.toLocaleString("en", { maximumFractionDigits: Math.min(3, digits) });
}

/** The median of some rounds, and the least and the most of them. */
export function formatSpread(values) {
  if (values.length === 0) return "";
  const sorted = [...values].sort((a, b) => a - b);
  const middle = format(median(sorted));
  return sorted.length === 1 ? middle : `${middle} [${format(sorted[0])} to ${format(sorted.at(-1))}]`;
}

/** @param rows arrays of cells, the first a title */
export function printTable(heads, rows) {
  console.log(`| ${heads.join(" | ")} |`);
  console.log(`| --- |${" ---: |".repeat(heads.length - 1)}`);
  for (const [title, ...cells] of rows) console.log(`| ${title} | ${cells.map(format).join(" | ")} |`);
  console.log("");
}
