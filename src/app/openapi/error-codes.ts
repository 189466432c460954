import type { ErrorKind, FieldError } from '../../kernel/domain-error.js';
import { STATUS_OF_KIND } from '../../platform/http/problem.js';

export interface ErrorCode {
  /** What our own code throws has a kind; what fails before or outside of it has a status. */
  on: ErrorKind | number;
  /** The detail of an example. */
  detail: string;
  errors?: FieldError[];
  extra?: Record<string, unknown>;
}

const ADDRESS_FORBIDDEN = '10.0.0.7 is an internal address. CALLBACK_ALLOW_CIDRS opens ranges that callbacks may reach.';

/**
 * Every code that an answer of the API can carry. A test holds it against the sources: each code that is thrown is here
 * with its kind, and each one here is thrown.
 */
export const ERROR_CODES: Record<string, ErrorCode> = {
  'request.malformed': { on: 400, detail: "Body is not valid JSON but content-type is set to 'application/json'" },
  'request.not_utf8': { on: 'malformed', detail: 'The body is not valid UTF-8.' },
  'auth.credential_missing': { on: 'unauthenticated', detail: 'Send an API key in X-API-Key, an access token in Authorization: Bearer, or sign the request.' },
  'auth.credential_invalid': { on: 'unauthenticated', detail: 'The credential is unknown, expired or revoked.' },
  'auth.credential_ambiguous': { on: 'unauthenticated', detail: 'Send one credential, not several.' },
  'auth.signature_invalid': { on: 'unauthenticated', detail: 'The signature is not that of this request by this key.' },
  'auth.signature_components': { on: 'unauthenticated', detail: 'The signature must cover @query, content-digest too.' },
  'auth.signature_expired': { on: 'unauthenticated', detail: 'created is more than 300 s away from 1772357400, the time here.' },
  'auth.signature_replayed': { on: 'unauthenticated', detail: 'This nonce was used before.' },
  'auth.digest_mismatch': { on: 'unauthenticated', detail: 'Content-Digest has no sha-256 or sha-512 digest of this body, or a wrong one.' },
  'auth.login_failed': { on: 'unauthenticated', detail: 'User name or password is wrong.' },
  'auth.refresh_failed': { on: 'unauthenticated', detail: 'The refresh token is unknown, expired or used.' },
  'auth.scope_missing': { on: 'forbidden', detail: 'This needs the scope agents:write.', extra: { required_scope: 'agents:write' } },
  'auth.login_required': { on: 'forbidden', detail: 'This is for agents that logged in by password.' },
  'auth.route_closed': { on: 'forbidden', detail: 'This route is open to nobody.' },
  'application.scope_not_held': { on: 'forbidden', detail: 'Only who holds them can give these scopes: messages:write.' },
  'application.data_scope_exceeded': { on: 'forbidden', detail: 'The application sees more data than this credential does.' },
  'agent.scope_not_held': { on: 'forbidden', detail: 'Only who holds these scopes can give an agent of this role a log-in: messages:write.' },
  'agent.data_scope_exceeded': { on: 'forbidden', detail: 'The agent would see more data than this credential does.' },
  'auth.address_not_allowed': { on: 'forbidden', detail: 'The application of this credential does not allow this address.' },
  'message.not_own': { on: 'forbidden', detail: 'Agents change their own messages only.' },
  'message.sender_forbidden': { on: 'forbidden', detail: 'Agents send as themselves only.' },
  'auth.issuer_unavailable': { on: 'unavailable', detail: 'The keys of the issuer of this token cannot be fetched at the moment.' },
  'oauth_client.not_found': { on: 'not_found', detail: 'There is no oauth_client "oac_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'organization.operator_only': { on: 'forbidden', detail: 'Only the operator makes organizations.' },
  'agent.not_found': { on: 'not_found', detail: 'There is no agent "agt_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'api_key.not_found': { on: 'not_found', detail: 'There is no api_key "key_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'application.not_found': { on: 'not_found', detail: 'There is no application "app_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'callback.not_found': { on: 'not_found', detail: 'There is no callback "cbk_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'conversation.not_found': { on: 'not_found', detail: 'There is no conversation "cnv_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'delivery.not_found': { on: 'not_found', detail: 'There is no delivery "dlv_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'event.not_found': { on: 'not_found', detail: 'There is no event "evt_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'message.not_found': { on: 'not_found', detail: 'There is no message "msg_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'recovery.not_found': { on: 'not_found', detail: 'There is no recovery "rec_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'signing_key.not_found': { on: 'not_found', detail: 'There is no signing_key "sgk_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'visitor.not_found': { on: 'not_found', detail: 'There is no visitor "vis_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'route.not_found': { on: 404, detail: 'There is nothing at this path.' },
  'route.method_not_allowed': { on: 405, detail: 'This path knows GET, POST.', extra: { allowed: ['GET', 'POST'] } },
  'request.timeout': { on: 408, detail: 'The request did not arrive in time.' },
  'agent.username_taken': { on: 'conflict', detail: 'The user name "li.wei" is taken.' },
  'callback.creator_disabled': { on: 'conflict', detail: 'The agent or application that made the endpoint is disabled.' },
  'callback.changed_meanwhile': { on: 'conflict', detail: 'The endpoint was changed while its receiver was asked; try again.' },
  'callback.secret_in_use': { on: 'conflict', detail: 'This is the secret that the endpoint has.' },
  'callback.signing_fixed': { on: 'conflict', detail: 'How an endpoint is signed for does not change: its receiver could verify nothing. Register another one.' },
  'callback.too_many_secrets': {
    on: 'conflict',
    detail: 'The endpoint is signed for with 10 old secrets already; wait until one expires, or rotate without an overlap.',
  },
  'api_key.expired': { on: 'conflict', detail: 'The key has expired; make a new one.' },
  'api_key.rotated': { on: 'conflict', detail: 'Another key has taken the place of this one; rotate that.' },
  'api_key.too_many': { on: 'conflict', detail: 'An application has at most 1000 keys; revoke some first.' },
  'callback.disabled': { on: 'conflict', detail: 'The endpoint is disabled; enable it first.' },
  'conversation.closed': { on: 'conflict', detail: 'The conversation is closed; reopen it or begin a new one.' },
  'conversation.invalid_transition': {
    on: 'conflict',
    detail: 'A conversation that is closed cannot become pending.',
    extra: { allowed: ['open', 'queued'] },
  },
  'conversation.no_agent_available': {
    on: 'conflict',
    detail: 'No agent is free; name one in agent_id, or leave the conversation in the queue.',
  },
  'delivery.in_progress': { on: 'conflict', detail: 'The delivery is being sent right now.' },
  'idempotency.in_progress': { on: 'conflict', detail: 'A request with this Idempotency-Key is still running.' },
  'message.recalled': { on: 'conflict', detail: 'The message was recalled.' },
  'recovery.in_progress': { on: 'conflict', detail: 'A recovery of this endpoint is running; wait for its end, or cancel it.' },
  'signing_key.expired': { on: 'conflict', detail: 'The key has expired; make a new one.' },
  'signing_key.rotated': { on: 'conflict', detail: 'Another key has taken the place of this one; rotate that.' },
  'signing_key.too_many': { on: 'conflict', detail: 'An application has at most 1000 signing keys; revoke some first.' },
  'organization.slug_taken': { on: 'conflict', detail: 'The slug "acme" is taken.' },
  'visitor.external_id_taken': { on: 'conflict', detail: 'There is a visitor with external_id "customer-4711" already.' },
  'request.precondition_failed': { on: 'precondition_failed', detail: 'The resource has changed since it was read.' },
  'request.too_large': { on: 413, detail: 'The body is larger than this route takes.' },
  'request.uri_too_long': { on: 414, detail: 'The URL is too long.' },
  'request.unsupported_media_type': { on: 415, detail: 'Bodies are sent as application/json in UTF-8, not compressed.' },
  'request.invalid': { on: 'invalid', detail: 'The request has invalid fields.' },
  'idempotency.key_reused': { on: 'invalid', detail: 'This Idempotency-Key was used with another request.' },
  'auth.password_wrong': {
    on: 'invalid',
    detail: 'The current password is wrong.',
    errors: [{ field: 'current_password', code: 'auth.password_wrong', message: 'The current password is wrong.' }],
  },
  'auth.password_unchanged': {
    on: 'invalid',
    detail: 'The new password is the current one.',
    errors: [{ field: 'new_password', code: 'auth.password_unchanged', message: 'The new password is the current one.' }],
  },
  'callback.address_forbidden': {
    on: 'invalid',
    detail: ADDRESS_FORBIDDEN,
    errors: [{ field: 'url', code: 'callback.address_forbidden', message: ADDRESS_FORBIDDEN }],
  },
  'callback.verification_failed': {
    on: 'invalid',
    detail: 'The receiver gave no answer: connect ECONNREFUSED',
    errors: [{ field: 'url', code: 'callback.verification_failed', message: 'The receiver gave no answer: connect ECONNREFUSED' }],
  },
  'rate_limit.exceeded': { on: 'rate_limited', detail: 'This credential may make 6000 requests in 60 seconds; try again in 41.' },
  'request.headers_too_large': { on: 431, detail: 'URL and headers are larger than 16 KiB.' },
  internal: { on: 500, detail: 'Something went wrong on our side; the request id finds it in the log.' },
  'service.unavailable': { on: 503, detail: 'The service cannot use its database at the moment.' },
  'service.not_ready': {
    on: 'unavailable',
    detail: 'A part that this service needs cannot be reached.',
    extra: { checks: { database: 'unreachable', redis: 'ok' } },
  },
  'service.overloaded': { on: 'unavailable', detail: 'More is waiting for the database than it can take; try again later.' },
  'auth.nonces_unavailable': { on: 'unavailable', detail: 'Signed requests cannot be told from repeated ones at the moment.' },
  'service.worker_only': { on: 'unavailable', detail: 'This process is a worker; the API is served elsewhere.' },
};

export function statusOf(code: string): number {
  const known = ERROR_CODES[code];
  if (known === undefined) throw new Error(`${code} is not in src/app/openapi/error-codes.ts.`);
  return typeof known.on === 'number' ? known.on : STATUS_OF_KIND[known.on];
}
