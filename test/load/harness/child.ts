import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

type Handler = (...args: any[]) => unknown;
type Handlers = Record<string, Handler>;
type Remote<H extends Handlers> = {
  [K in keyof H]: (...args: Parameters<H[K]>) => Promise<Awaited<ReturnType<H[K]>>>;
};

interface Call {
  id: number;
  method: string;
  args: unknown[];
}

interface Answer {
  id: number;
  value?: unknown;
  error?: string;
}

export interface Child<H extends Handlers> {
  pid: number;
  call: Remote<H>;
  stop(): Promise<void>;
}

/** In the child: answers the parent's calls, and ends with the parent, however that one ends. */
export function serve<H extends Handlers>(handlers: H): H {
  const answer = async ({ id, method, args }: Call): Promise<Answer> => {
    try {
      return { id, value: await handlers[method]!(...args) };
    } catch (error) {
      return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  };
  process.on('message', (call: Call) => void answer(call).then((result) => process.send?.(result)));
  process.on('disconnect', () => process.exit(0));
  process.on('SIGINT', () => undefined); // the terminal sends it to all; the parent decides
  return handlers;
}

/** In the parent: a process of `processes/`, spoken to over IPC. */
export async function startChild<H extends Handlers>(name: string): Promise<Child<H>> {
  const child = fork(fileURLToPath(new URL(`../processes/${name}.ts`, import.meta.url)), { serialization: 'advanced' });
  const open = new Map<number, { resolve: (value: any) => void; reject: (error: Error) => void }>();
  let lastId = 0;
  let stopping = false;

  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      const error = new Error(`The process ${name} ended (${signal ?? code}).`);
      for (const { reject } of open.values()) reject(error);
      open.clear();
      if (!stopping) console.error(error.message);
      resolve();
    });
  });
  child.on('message', ({ id, value, error }: Answer) => {
    const call = open.get(id);
    open.delete(id);
    if (error !== undefined) call?.reject(new Error(`${name}: ${error}`));
    else call?.resolve(value);
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });

  const call = new Proxy({} as Remote<H>, {
    get: (_, method: string) =>
      (...args: unknown[]) =>
        new Promise((resolve, reject) => {
          if (!child.connected) {
            reject(new Error(`The process ${name} has ended.`));
            return;
          }
          const id = ++lastId;
          open.set(id, { resolve, reject });
          child.send({ id, method, args } satisfies Call);
        }),
  });

  return {
    pid: child.pid!,
    call,
    stop: async () => {
      stopping = true;
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), 2_000);
      await ended;
      clearTimeout(timer);
    },
  };
}
