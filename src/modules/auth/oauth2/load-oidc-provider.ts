import type { Logger } from 'pino';

export type OidcProvider = typeof import('oidc-provider');

let loading: Promise<OidcProvider> | null = null;

/**
 * oidc-provider, loaded when the first request for it comes. While it is loaded it says on the console that it would
 * rather have a newer Node.js: that goes into the log.
 */
export function loadOidcProvider(logger: Logger): Promise<OidcProvider> {
  loading ??= load(logger).catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function load(logger: Logger): Promise<OidcProvider> {
  const { console } = globalThis;
  const warn = console.warn.bind(console);
  console.warn = (...parameters: unknown[]) => {
    const [first] = parameters;
    if (typeof first === 'string' && first.includes('oidc-provider')) logger.debug(first);
    else warn(...parameters);
  };
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}
