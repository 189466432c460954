import { serve } from '../harness/child.js';

/** Outlives a parent that was killed with SIGKILL by a moment, and takes along what it had started. */
const pids = new Set<number>();

process.on('disconnect', () => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      continue; // has ended
    }
  }
});

const handlers = serve({
  watch: (pid: number) => void pids.add(pid),
  forget: (pid: number) => void pids.delete(pid),
});
export type Reaper = typeof handlers;
