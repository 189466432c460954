import { existsSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const REPORTED_PACKAGES = ['@nestjs/core', 'fastify', 'typeorm', 'libsql', 'mysql2', 'ioredis', 'bullmq', 'socket.io', 'undici'];

export function packageVersion(name: string): string {
  const file = join(ROOT, 'node_modules', name, 'package.json');
  if (!existsSync(file)) return 'not installed';
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

export function describePackages(): string {
  return REPORTED_PACKAGES.map((name) => `${name} ${packageVersion(name)}`).join(', ');
}

export function describeMachine(): string {
  const processors = cpus();
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  return `${processors[0]?.model.trim() ?? 'unknown processor'}, ${processors.length} cores, ${memoryGiB} GiB memory, ${type()} ${release()}`;
}

/** Of the last minute; taken before a run, it says whether the machine was the benchmark's own. */
export function loadAverage(): number {
  return loadavg()[0] ?? NaN;
}

/** Time on the processor that a process has used, in ms; NaN where there is no /proc. */
export function processorMsOf(pid: number): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return NaN;
  // Behind the name, which may hold spaces; in hundredths of a second.
  const fields = readFileSync(file, 'utf8').replace(/^.*\) /s, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

export interface Memory {
  residentMiB: number;
  peakMiB: number;
}

/** Of a process, as the kernel counts it; null where there is no /proc. */
export function memoryOf(pid: number): Memory | null {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return null;
  const status = readFileSync(file, 'utf8');
  const mebibytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { residentMiB: mebibytes('VmRSS'), peakMiB: mebibytes('VmHWM') };
}
