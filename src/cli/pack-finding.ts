/** `error`: it will not run, or gives secrets away. `warning`: it may run. `note`: what to know. */
export interface PackFinding {
  readonly level: "error" | "warning" | "note";
  /** What it is about: a file, a package. */
  readonly about: string;
  readonly text: string;
}

export function error(about: string, text: string): PackFinding {
  return { level: "error", about, text };
}

export function warning(about: string, text: string): PackFinding {
  return { level: "warning", about, text };
}

export function note(about: string, text: string): PackFinding {
  return { level: "note", about, text };
}
