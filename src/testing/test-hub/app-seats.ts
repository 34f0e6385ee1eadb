import type { ClientConnection, HostableApp } from "../../functions/embedded-host.ts";

type Connect = () => Promise<ClientConnection>;

/** Per app the hubs that run it, the newest last. */
const seats = new WeakMap<HostableApp, Connect[]>();
const detachments = new WeakMap<HostableApp, () => void>();

/**
 * Lets `app.connect()` lead to a test hub. Of several hubs that run the same app the newest has it.
 *
 * @returns takes it away again
 */
export function seatApp(app: HostableApp, connect: Connect): () => void {
  const hubs = seats.get(app) ?? [];
  seats.set(app, hubs);
  hubs.push(connect);
  if (!detachments.has(app)) {
    try {
      detachments.set(app, app.attachTo({ attach() {}, connect: () => hubs.at(-1)!() }));
    } catch {
      // It is run by a host of its own, whose clients it keeps.
    }
  }
  return () => {
    const place = hubs.indexOf(connect);
    if (place >= 0) hubs.splice(place, 1);
    if (hubs.length > 0) return;
    detachments.get(app)?.();
    detachments.delete(app);
  };
}
