import type { Adapter, AdapterPayload } from 'oidc-provider';
import { isRepeatable, isUnavailable } from '../../../platform/database/unique-violation.js';
import type { ClientRegistry } from './client-registry.js';
import type { OidcProvider } from './load-oidc-provider.js';
import type { OauthAudit } from './oauth-audit.js';
import { isAccessToken } from './payload-store.js';
import type { Payload, PayloadStore } from './payload-store.js';

type Errors = OidcProvider['errors'];

/** The storage of oidc-provider, one adapter for each kind of thing; clients are those that applications have. */
export function oidcAdapter(parts: Parts): (kind: string) => Adapter {
  return (kind) => reportingOutages(kind === 'Client' ? clientAdapter(parts.clients) : payloadAdapter(kind, parts), parts.library.errors);
}

function clientAdapter(clients: ClientRegistry): Adapter {
  const readOnly = (): never => {
    throw new Error('Clients are registered through the API.');
  };
  return {
    find: async (id) => (await clients.metadataOf(id)) ?? undefined,
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    upsert: async () => readOnly(),
    consume: async () => readOnly(),
    destroy: async () => readOnly(),
    revokeByGrantId: async () => readOnly(),
  };
}

interface Parts {
  store: PayloadStore;
  clients: ClientRegistry;
  audit: OauthAudit;
  library: OidcProvider;
}

function payloadAdapter(kind: string, { store, clients, audit, library }: Parts): Adapter {
  const { errors, Provider } = library;
  return {
    async find(id) {
      const payload = await store.find(kind, id);
      // Whoever introspects or revokes a used one does not use it.
      if (payload?.['consumed'] !== undefined && Provider.ctx?.oidc.route === 'token') await audit.reused(kind, payload);
      return found(await living(kind, payload, store));
    },
    findByUid: async (uid) => found(await living(kind, await store.findByUid(kind, uid), store)),
    findByUserCode: async () => undefined,
    async upsert(id, payload, expiresInSeconds) {
      if (expiresInSeconds === undefined) throw new Error(`A ${kind} without an end is not kept.`);
      const clientId = payload.clientId ?? null;
      await store.put({
        kind, id, payload: payload as Payload, expiresInSeconds, clientId,
        agentId: agentOf(payload),
        grantId: payload.grantId ?? null,
        uid: kind === 'Session' ? (payload.uid ?? null) : null,
      });
      if (clientId !== null && isAccessToken(kind)) await clients.noteUse(clientId);
    },
    async consume(id) {
      if (await store.consume(id)) return;
      // Used twice at the same moment: oidc-provider had read it before the other use was stored.
      const payload = await store.find(kind, id);
      if (payload !== null) await audit.reused(kind, payload);
      if (typeof payload?.['grantId'] === 'string') await store.deleteGrant(payload['grantId']);
      throw new errors.InvalidGrant('already used');
    },
    destroy: (id) => (kind === 'Grant' ? store.deleteGrant(id) : store.delete(id)),
    revokeByGrantId: (grantId) => store.deleteOfGrant(grantId),
  };
}

/** A request that was under way when the agent's log-ins ended stores the one that it had read once more. */
async function living(kind: string, payload: Payload | null, store: PayloadStore): Promise<Payload | null> {
  if (kind !== 'Session' || typeof payload?.['accountId'] !== 'string') return payload;
  return payload['acr'] === (await store.loginEpochOf(payload['accountId'])) ? payload : null;
}

function found(payload: Payload | null): AdapterPayload | undefined {
  return payload === null ? undefined : (payload as AdapterPayload);
}

/** Of a request for which somebody is logging in, too: it must end with the log-ins of the agent. */
function agentOf(payload: AdapterPayload): string | null {
  const { accountId, result, session } = payload as AdapterPayload & { result?: { login?: { accountId?: string } }; session?: { accountId?: string } };
  return accountId ?? result?.login?.accountId ?? session?.accountId ?? null;
}

/** A database that cannot be reached is no fault of this server's: the client may come again. */
function reportingOutages(adapter: Adapter, errors: Errors): Adapter {
  const reporting = (method: (...parameters: unknown[]) => Promise<unknown>) => async (...parameters: unknown[]) => {
    try {
      return await method.apply(adapter, parameters);
    } catch (error) {
      if (!isUnavailable(error) && !isRepeatable(error)) throw error;
      throw Object.assign(new errors.TemporarilyUnavailable('try again later', { cause: error as Error }), { status: 503, statusCode: 503 });
    }
  };
  return new Proxy(adapter, {
    get: (target, name, receiver) => {
      const value: unknown = Reflect.get(target, name, receiver);
      return typeof value === 'function' ? reporting(value as (...parameters: unknown[]) => Promise<unknown>) : value;
    },
  });
}
