import { created, unique } from './desk.js';
import type { Resource } from './desk.js';
import type { SigningKey } from './signed-request.js';
import type { Caller } from './start-test-app.js';

/** An application that may do everything, unless told otherwise, and has no key yet. */
export function aPlainApplication(api: Caller, over: Record<string, unknown> = {}): Promise<Resource> {
  return created(api.post('/applications', { name: unique('application'), scopes: ['*'], ...over }));
}

/** A key of an application; `key` holds the credential. */
export function anApiKey(api: Caller, application: { id: string }, over: Record<string, unknown> = {}): Promise<Resource> {
  return created(api.post(`/applications/${application.id}/api-keys`, { name: unique('key'), ...over }));
}

/** A signing key of an application; `secret` or `private_key` signs. */
export function aSigningKey(api: Caller, application: { id: string }, over: Record<string, unknown> = {}): Promise<Resource & SigningKey> {
  return created(api.post(`/applications/${application.id}/signing-keys`, { name: unique('signing key'), ...over })) as Promise<Resource & SigningKey>;
}
