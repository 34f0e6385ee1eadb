/** What {@link isTaskHubName} asks for, for messages. */
export const taskHubNameRule = "3 to 45 letters and digits, the first a letter";

/** The rule of the official extension: tables, queues and containers are named after the hub. */
export function isTaskHubName(name: unknown): name is string {
  return typeof name === "string" && /^[A-Za-z][A-Za-z0-9]{2,44}$/.test(name);
}
