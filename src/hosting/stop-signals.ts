/** As much of a process as is listened to. */
export interface SignalSource {
  readonly pid: number;
  on(signal: StopSignal, listener: () => void): unknown;
  removeListener(signal: StopSignal, listener: () => void): unknown;
  listenerCount(signal: StopSignal): number;
  kill(pid: number, signal: StopSignal): unknown;
}

type StopSignal = (typeof stopSignals)[number];

const stopSignals = ["SIGTERM", "SIGINT"] as const;

/**
 * Calls `stop` once, at the first SIGTERM or SIGINT, and waits for it. A process that listens to the signal nowhere else
 * then ends as it would have ended without this; one that does ends itself. A second signal ends it at once.
 *
 * @returns takes the listeners away again
 */
export function stopOnSignals(stop: () => Promise<void>, source: SignalSource = process): () => void {
  const listeners = stopSignals.map((signal) => {
    const listener = (): void => {
      removeAll();
      const isAlone = source.listenerCount(signal) === 0;
      void stop().then(() => {
        if (isAlone) source.kill(source.pid, signal);
      });
    };
    source.on(signal, listener);
    return [signal, listener] as const;
  });
  const removeAll = (): void => {
    for (const [signal, listener] of listeners) source.removeListener(signal, listener);
  };
  return removeAll;
}
