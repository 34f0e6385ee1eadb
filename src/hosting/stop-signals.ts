/** As much of a process as is listened to. */
export interface SignalSource {
  readonly pid: number;
  on(signal: StopSignal, listener: () => void): unknown;
  removeListener(signal: StopSignal, listener: () => void): unknown;
  listenerCount(signal: StopSignal): number;
  kill(pid: number, signal: StopSignal): unknown;
}

type StopSignal = (typeof stopSignals)[number];
type Stop = () => Promise<void>;

/** What is to be stopped at a signal, and what ends the listening. */
interface Watch {
  readonly stops: Set<Stop>;
  end(): void;
}

const stopSignals = ["SIGTERM", "SIGINT"] as const;

/** One for each process: whoever listened by himself would end the process while others stop. */
const watches = new WeakMap<SignalSource, Watch>();

/**
 * Calls `stop` once, at the first SIGTERM or SIGINT. When all that are to stop have stopped, a process that listens to the
 * signal nowhere else ends as it would have ended without this; one that does ends itself. A second signal ends it at once.
 *
 * @returns takes `stop` out again
 */
export function stopOnSignals(stop: Stop, source: SignalSource = process): () => void {
  const watch = watches.get(source) ?? createWatch(source);
  watch.stops.add(stop);
  return () => {
    watch.stops.delete(stop);
    if (watch.stops.size === 0) watch.end();
  };
}

function createWatch(source: SignalSource): Watch {
  const stops = new Set<Stop>();
  const listeners = stopSignals.map((signal) => {
    const listener = (): void => {
      watch.end();
      const isAlone = source.listenerCount(signal) === 0;
      void Promise.all([...stops].map((stop) => stop())).then(() => {
        if (isAlone) source.kill(source.pid, signal);
      });
    };
    source.on(signal, listener);
    return [signal, listener] as const;
  });
  const watch: Watch = {
    stops,
    end() {
      if (watches.get(source) === watch) watches.delete(source);
      for (const [signal, listener] of listeners) source.removeListener(signal, listener);
    },
  };
  watches.set(source, watch);
  return watch;
}
