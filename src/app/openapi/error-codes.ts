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
  'ticket.author_forbidden': { on: 'forbidden', detail: 'Agents write as themselves only.' },
  'statistics.data_scope_exceeded': {
    on: 'forbidden', detail: 'The figure [0] is of more than this credential sees: name a department, a channel or an agent that it may see.',
  },
  'ticket.data_scope_exceeded': {
    on: 'forbidden',
    detail: 'The ticket would belong to what this credential does not see: name a department, conversation or handler within its data scope.',
  },
  'customer.data_scope_exceeded': {
    on: 'forbidden', detail: 'The customer would belong to what this credential does not see: name an agent within its data scope, or none.',
  },
  'conversation.data_scope_exceeded': {
    on: 'forbidden',
    detail: 'The conversation would belong to what this credential does not see: name a department, channel and agent within its data scope.',
  },
  'conversation.rating_own': { on: 'forbidden', detail: 'Agents do not rate the conversations that they serve.' },
  'message.not_own': { on: 'forbidden', detail: 'Agents change their own messages only.' },
  'conversation.too_many_subscriptions': { on: 'conflict', detail: 'A socket subscribes to 100 conversations at the most.' },
  'message.reader_forbidden': { on: 'forbidden', detail: 'Agents tell of what they themselves have received.' },
  'message.sender_forbidden': { on: 'forbidden', detail: 'Agents send as themselves only.' },
  'auth.issuer_unavailable': { on: 'unavailable', detail: 'The keys of the issuer of this token cannot be fetched at the moment.' },
  'oauth_client.not_found': { on: 'not_found', detail: 'There is no oauth_client "oac_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'organization.operator_only': { on: 'forbidden', detail: 'Only the operator may do this.' },
  'organization.administrators_only': { on: 'forbidden', detail: 'Only an admin and keys of the organization itself with all scopes may do this.' },
  'agent.not_found': { on: 'not_found', detail: 'There is no agent "agt_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'organization.not_found': { on: 'not_found', detail: 'There is no organization "org_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'api_key.not_found': { on: 'not_found', detail: 'There is no api_key "key_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'application.not_found': { on: 'not_found', detail: 'There is no application "app_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'business_hours.not_found': { on: 'not_found', detail: 'There is no business_hours "bhr_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'department.not_found': { on: 'not_found', detail: 'There is no department "dpt_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'canned_reply.not_found': { on: 'not_found', detail: 'There is no canned_reply "cnr_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'canned_reply.not_writable': { on: 'forbidden', detail: 'Agents write their own texts, supervisors those of their department too, admins all.' },
  'canned_reply.shortcut_taken': { on: 'conflict', detail: 'The shortcut "/sorry" is taken.' },
  'callback.not_found': { on: 'not_found', detail: 'There is no callback "cbk_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'conversation.not_found': { on: 'not_found', detail: 'There is no conversation "cnv_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'customer.not_found': { on: 'not_found', detail: 'There is no customer "C-1001".' },
  'delivery.not_found': { on: 'not_found', detail: 'There is no delivery "dlv_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'event.not_found': { on: 'not_found', detail: 'There is no event "evt_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'message.not_found': { on: 'not_found', detail: 'There is no message "msg_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'order.not_found': { on: 'not_found', detail: 'There is no order "O-2001".' },
  'recovery.not_found': { on: 'not_found', detail: 'There is no recovery "rec_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'signing_key.not_found': { on: 'not_found', detail: 'There is no signing_key "sgk_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'ticket.not_found': { on: 'not_found', detail: 'There is no ticket "T-2041".' },
  'comment.not_found': { on: 'not_found', detail: 'There is no comment "tcm_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'track.not_found': { on: 'not_found', detail: 'There is no track "trk_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'visitor.not_found': { on: 'not_found', detail: 'There is no visitor "vis_01k5x6j3q8v4m2n7p9r1s5t6w0".' },
  'route.not_found': { on: 404, detail: 'There is nothing at this path.' },
  'route.method_not_allowed': { on: 405, detail: 'This path knows GET, POST.', extra: { allowed: ['GET', 'POST'] } },
  'request.timeout': { on: 408, detail: 'The request did not arrive in time.' },
  'agent.username_taken': { on: 'conflict', detail: 'The user name "li.wei" is taken.' },
  'business_hours.name_taken': { on: 'conflict', detail: 'There are business hours with the name "Shanghai office" already.' },
  'business_hours.in_use': { on: 'conflict', detail: 'Departments have these business hours: support.', extra: { departments: ['support'] } },
  'department.name_taken': { on: 'conflict', detail: 'There are settings of a department "support" already.' },
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
  'agent.at_capacity': { on: 'conflict', detail: 'The agent has as many conversations as it takes.' },
  'conversation.not_assigned': { on: 'conflict', detail: 'Nobody has the conversation, so nobody can accept it: assign it to an agent.' },
  'conversation.assigned_to_another': {
    on: 'conflict',
    detail: 'Another agent has the conversation; transfer it.',
    extra: { agent_id: 'agt_01k5x6j3q8v4m2n7p9r1s5t6w1' },
  },
  'conversation.not_closed': { on: 'conflict', detail: 'A conversation that is open cannot be reopened.', extra: { allowed: ['pending', 'queued', 'closed'] } },
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
  'organization.closed': { on: 'conflict', detail: 'The organization is closed.' },
  'organization.operator_protected': { on: 'conflict', detail: "The operator's own organization cannot be closed." },
  'api_key.last_of_operator': {
    on: 'conflict',
    detail: 'This is the last key of the operator with all scopes that does not expire; make another one first.',
  },
  'organization.slug_taken': { on: 'conflict', detail: 'The slug "acme" is taken.' },
  'ticket.ticket_id_taken': { on: 'conflict', detail: 'There is a ticket with ticket_id "T-2041" already.' },
  'ticket.other_visitor': { on: 'conflict', detail: 'The ticket may hold words of another visitor; make another ticket for this conversation.' },
  'ticket.invalid_transition': {
    on: 'conflict',
    detail: 'A ticket that is closed cannot become pending.',
    extra: { allowed: ['processing'] },
  },
  'visitor.deletion_forbidden': { on: 'forbidden', detail: 'Only who may see all data of the organization deletes visitors.' },
  'conversation.erased': { on: 'conflict', detail: 'The data of this conversation was erased with its visitor.' },
  'visitor.already_merged': { on: 'conflict', detail: 'The visitor was merged already.', extra: { merged_into: 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0' } },
  'visitor.merged_into_itself': { on: 'conflict', detail: 'A visitor cannot be merged into itself.' },
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
