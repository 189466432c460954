import type { FastifyInstance } from 'fastify';

/** Knows which methods a path has, to tell 405 from 404. */
export class RouteTable {
  private readonly routes: { pattern: RegExp; methods: string[] }[] = [];

  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      if (url.includes('*')) return;
      const pattern = new RegExp(`^${url.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll(/:[^/]+/g, '[^/]+')}$`);
      this.routes.push({ pattern, methods: [method].flat() });
    });
  }

  methodsOf(url: string): string[] {
    const path = url.split('?', 1)[0]!;
    const methods = this.routes.filter(({ pattern }) => pattern.test(path)).flatMap((route) => route.methods);
    return [...new Set(methods)].sort();
  }
}
