import type { Backing } from './databases.js';

/** What every scenario is given. */
export interface Context {
  backing: Backing;
  rounds: number;
  /** A short run: figures to look at, not to write down. */
  quick: boolean;
  log: (text: string) => void;
}
