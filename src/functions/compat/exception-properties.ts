/** Adds values to the failures of activities, for those who catch them. */
export interface ExceptionPropertiesProvider {
  /**
   * What to add to `failureDetails.properties` for an error that an activity has thrown; `undefined` for nothing. What
   * this method throws itself is ignored.
   */
  getExceptionProperties(error: unknown): Record<string, unknown> | undefined;
}

/** Members of errors that say something else. */
const reserved: ReadonlySet<string> = new Set(["name", "message", "stack", "cause", "isNonRetriable"]);

/** The error to throw on, so that the properties are kept with its failure. Never throws. */
export function addExceptionProperties(thrown: unknown, provider: ExceptionPropertiesProvider | undefined): unknown {
  const properties = propertiesOf(thrown, provider);
  if (properties === undefined) return thrown;
  const entries = Object.entries(properties).filter(([name]) => !reserved.has(name));
  const error = thrown instanceof Error && Object.isExtensible(thrown) ? thrown : copyOf(thrown);
  for (const [name, value] of entries) {
    try {
      Object.defineProperty(error, name, { value, enumerable: true, configurable: true, writable: true });
    } catch {
      // A property that cannot be replaced keeps what it says.
    }
  }
  return error;
}

function propertiesOf(
  thrown: unknown,
  provider: ExceptionPropertiesProvider | undefined,
): Record<string, unknown> | undefined {
  try {
    const properties = provider?.getExceptionProperties(thrown);
    return typeof properties === "object" && properties !== null ? properties : undefined;
  } catch {
    return undefined;
  }
}

function copyOf(thrown: unknown): Error {
  if (!(thrown instanceof Error)) return new Error(String(thrown), { cause: thrown });
  const copy = new Error(thrown.message, { cause: thrown });
  copy.name = thrown.name;
  return copy;
}
