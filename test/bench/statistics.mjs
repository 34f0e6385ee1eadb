import { readFileSync } from "node:fs";

export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * q;
  const low = Math.floor(position);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (sorted[high] - sorted[low]) * (position - low);
}

export const median = (values) => quantile(values, 0.5);

/** How cost grows with size: 1 is linear, 2 quadratic. */
export function growthExponent({ from, to }) {
  return Math.log(to.cost / from.cost) / Math.log(to.size / from.size);
}

/** Slope of the line through the points, by least squares. */
export function slope(points) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const covariance = mean(points.map(([x, y]) => (x - meanX) * (y - meanY)));
  return covariance / mean(points.map(([x]) => (x - meanX) ** 2));
}

/**
 * Milliseconds that `run` takes: of the process's CPU, all its threads together, and on the wall.
 *
 * @param otherPid a process that works for this one, whose CPU is measured too, where the system tells
 */
export async function timed(run, otherPid) {
  const otherCpu = cpuOf(otherPid);
  const cpu = process.cpuUsage();
  const start = performance.now();
  const result = await run();
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000;
  return { result, wallMs, cpuMs, otherCpuMs: otherCpu && cpuOf(otherPid) - otherCpu };
}

const tickMs = 10;

/** Milliseconds of CPU that a process has had, on Linux. */
function cpuOf(pid) {
  if (pid === undefined || process.platform !== "linux") return undefined;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return tickMs * (Number(fields[11]) + Number(fields[12]));
}
