/** What `@azure/functions` did not do because it found no host. */
export interface TestModeWatch {
  /** Functions and hooks that it left out, as it names them: `function "hello"`, `appStart hook`. */
  readonly skipped: readonly string[];
  end(): void;
}

const skippedCall = /^WARNING: Skipping call to register (.+) because the "@azure\/functions" package is in test mode/;

/**
 * Watches for the test mode of `@azure/functions`: when it finds no `@azure/functions-core`, it leaves out what it is
 * asked to register, and only a warning on the console says so. Every copy of the library in the process is seen.
 */
export function watchTestMode(target: Pick<Console, "warn"> = globalThis.console): TestModeWatch {
  const skipped: string[] = [];
  const original = target.warn;
  const watching = (...values: unknown[]): void => {
    const found = typeof values[0] === "string" ? skippedCall.exec(values[0]) : null;
    if (found !== null) skipped.push(found[1]!);
    original.apply(target, values);
  };
  target.warn = watching;
  return {
    skipped,
    end: () => {
      // Others that have taken its place since keep it.
      if (target.warn === watching) target.warn = original;
    },
  };
}

/** Why a start failed, and the cure. */
export function describeTestMode(skipped: readonly string[]): string {
  return (
    `@azure/functions did not find the host, and left out ${skipped.join(", ")}. Something hides the module ` +
    `"@azure/functions-core" that the host gives it, here as in Azure: most often a loader hook that hands over the source ` +
    "of CommonJS modules itself (instrumentation or mocks, by --import, --loader or NODE_OPTIONS). Start without it, or let " +
    "it leave out @azure/functions"
  );
}
