import type { PackFinding } from "./pack-finding.ts";
import { checkPack } from "./pack-findings.ts";
import { readPackFolder } from "./pack-folder.ts";
import type { PackOptions } from "./pack-options.ts";
import type { Terminal } from "./terminal.ts";

const marks = { error: ["✗", "red"], warning: ["!", "yellow"], note: ["·", "grey"] } as const;
const ranks = { error: 0, warning: 1, note: 2 } as const;

/** `durable pack --check`: prints what is wrong with an app that is about to be deployed. Resolves to the exit code. */
export async function runPack({ appFolder, json }: PackOptions, terminal: Terminal): Promise<number> {
  const folder = await readPackFolder(appFolder);
  if (folder === undefined) {
    terminal.fail(`Unable to find project root. The folder ${appFolder} does not exist.`);
    return 1;
  }
  const findings = checkPack(folder).toSorted((left, right) => ranks[left.level] - ranks[right.level]);
  const count = (level: PackFinding["level"]) => findings.filter((finding) => finding.level === level).length;
  const exitCode = count("error") > 0 ? 1 : 0;
  if (json) {
    terminal.print(JSON.stringify({ folder: appFolder, ok: exitCode === 0, findings }, undefined, 2));
    return exitCode;
  }
  for (const { level, about, text } of findings) {
    const [mark, color] = marks[level];
    terminal.print(`${terminal.paint(color, mark)} ${about}: ${text}`);
  }
  const [errors, warnings] = [count("error"), count("warning")];
  terminal.print("");
  terminal.print(
    errors === 0
      ? terminal.paint("green", `Ready to deploy${warnings > 0 ? `, with ${warnings} warning(s)` : ""}.`)
      : terminal.paint("red", `Not ready to deploy: ${errors} error(s), ${warnings} warning(s).`),
  );
  return exitCode;
}
