/** What is to happen when a signal aborts. */
const listening = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `onAbort` once when the signal aborts, at once when it already has; returns how to end that. All that listen to
 * one signal share one listener: with one of its own for each request, adding and removing them would cost as much as signing.
 */
export function listenForAbort(signal: AbortSignal, onAbort: () => void): () => void {
  if (signal.aborted) {
    onAbort();
    return () => undefined;
  }
  const known = listening.get(signal);
  const all = known ?? new Set();
  if (known === undefined) {
    listening.set(signal, all);
    signal.addEventListener('abort', () => {
      for (const each of all) each();
      all.clear();
    });
  }
  all.add(onAbort);
  return () => all.delete(onAbort);
}
