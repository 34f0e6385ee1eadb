/** What {@link isTaskHubName} asks for, for messages. */
export const taskHubNameRule = "3 to 45 letters and digits, the first a letter";

/** The rule of the official extension: tables, queues and containers are named after the hub. */
export function isTaskHubName(name: unknown): name is string {
  return typeof name === "string" && /^[A-Za-z][A-Za-z0-9]{2,44}$/.test(name);
}

/** What {@link isTrackingPrefix} asks for, for messages. */
export const trackingPrefixRule = "1 to 54 letters and digits, the first a letter";

/** What tables of a tracking store are called by: with `Instances` behind it, it must be the name of a table. */
export function isTrackingPrefix(prefix: unknown): prefix is string {
  return typeof prefix === "string" && /^[A-Za-z][A-Za-z0-9]{0,53}$/.test(prefix);
}
