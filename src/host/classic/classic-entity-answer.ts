/**
 * The answer of an entity as the extension gives it: a failure is told by `exceptionType`, with its text as the result.
 *
 * @param input of the event that brings the answer, of whoever has written it
 */
export function formatAnswerForLibrary(input: string | undefined): string {
  const answer = parseObject(input);
  const failure = answer["failureDetails"];
  if (typeof failure === "object" && failure !== null) {
    const message = String((failure as Record<string, unknown>)["ErrorMessage"] ?? "");
    return JSON.stringify({ result: formatErrorResult(message), exceptionType: "Error" });
  }
  const { result = null, exceptionType } = answer;
  return JSON.stringify({ result, ...(typeof exceptionType === "string" && { exceptionType }) });
}

/** JSON text: what a classic entity has thrown is one already, unless it was a text. */
function formatErrorResult(message: string): string {
  try {
    const value: unknown = JSON.parse(message);
    if (typeof value === "object" && value !== null) return message;
  } catch {
    // A text.
  }
  return JSON.stringify(message);
}

function parseObject(text: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? "null");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
