const stopSignals = ["SIGTERM", "SIGINT"] as const;

/**
 * Calls `stop` once, at the first SIGTERM or SIGINT, and waits for it. A process that listens to the signal nowhere else
 * then ends as it would have ended without this; one that does ends itself. A second signal ends it at once.
 *
 * @returns takes the listeners away again
 */
export function stopOnSignals(stop: () => Promise<void>): () => void {
  const listeners = stopSignals.map((signal) => {
    const listener = async (): Promise<void> => {
      removeAll();
      const isAlone = process.listenerCount(signal) === 0;
      await stop();
      if (isAlone) process.kill(process.pid, signal);
    };
    process.on(signal, listener);
    return [signal, listener] as const;
  });
  const removeAll = (): void => {
    for (const [signal, listener] of listeners) process.removeListener(signal, listener);
  };
  return removeAll;
}
