import { hash } from 'node:crypto';

/** In hex. The one-shot function costs an eighth of a hash object. */
export function sha256(data: string | Buffer): string {
  return hash('sha256', data, 'hex');
}
