/** The service takes whole seconds; rounding up never delivers early. */
export function wholeSeconds(ms: number): number {
  return Math.max(0, Math.ceil(ms / 1000));
}
