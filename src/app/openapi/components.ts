import type { HeaderObject, ParameterObject, TagObject } from '@nestjs/swagger';
import type { Schema } from './document.js';
import { ERROR_CODES, statusOf } from './error-codes.js';

/** In the order in which Swagger UI shows them. A test wants one for each tag that a controller has. */
export const TAGS: TagObject[] = [
  { name: 'auth', description: 'Log-in of agents, and whose credential a caller holds.' },
  { name: 'agents', description: 'The people of the desk. Routing gives conversations to those who are online and have room.' },
  { name: 'visitors', description: 'Those who write in.' },
  { name: 'departments', description: 'What holds for the conversations of a department: skills, business hours, times after which they are taken back or closed.' },
  { name: 'business-hours', description: 'Weekly hours in a time zone, with holidays, for departments.' },
  { name: 'conversations', description: 'From the first question to the end: queued → open ⇄ pending → closed, and open again.' },
  { name: 'messages', description: 'What is said in a conversation, numbered 1, 2, 3 … without gaps.' },
  { name: 'tickets', description: 'What has to be done, here or in another system: open → processing ⇄ pending → resolved → closed, and processing again.' },
  { name: 'canned-replies', description: 'Texts that agents use again and again: of the organization, of a department, of their own.' },
  { name: 'crm', description: 'Customers and orders of another system, kept in step with it and given to visitors.' },
  { name: 'statistics', description: 'Figures of conversations, messages, agents, tickets and satisfaction, cut by any time zone.' },
  { name: 'import', description: 'Conversations of another system, with their own instants.' },
  { name: 'events', description: 'The log of all that happened. What a callback missed can be read here.' },
  { name: 'callbacks', description: 'URLs that events are sent to, signed as Standard Webhooks says, again and again until they arrive.' },
  { name: 'applications', description: 'Integrations: what they may do and see at the most, and their credentials.' },
  { name: 'organizations', description: 'Several desks on one service, apart from each other.' },
  { name: 'audit', description: 'Who did what to which object, from which address, and when.' },
  { name: 'operation', description: 'What load balancers and monitors ask for.' },
];

const FIELD_ERROR: Schema = {
  type: 'object',
  properties: {
    field: { type: 'string', description: 'Path of the field in the body or query: `visitor.name`, `tags[2]`.', examples: ['username'] },
    code: { type: 'string', description: 'Stable name of the rule: `required`, `unknown_field`, `is_string`, `max_length`, …', examples: ['required'] },
    message: { type: 'string', description: 'For people.', examples: ['username is required'] },
  },
  required: ['field', 'code', 'message'],
};

function problem(): Schema {
  const codes = Object.keys(ERROR_CODES).toSorted().map((code) => `\`${code}\` (${statusOf(code)})`);
  return {
    type: 'object',
    description: 'What went wrong, as RFC 9457 says it. Some problems have further members.',
    properties: {
      type: { type: 'string', format: 'uri', description: 'The code as a URN.', examples: ['urn:crossdesk:problem:agent.not_found'] },
      title: { type: 'string', description: 'The words of the HTTP status.', examples: ['Not Found'] },
      status: { type: 'integer', minimum: 400, maximum: 599, description: 'The HTTP status.', examples: [404] },
      detail: { type: 'string', description: 'For people; may change.', examples: ['There is no agent "agt_01k5x6j3q8v4m2n7p9r1s5t6w0".'] },
      instance: { type: 'string', format: 'uri-reference', description: 'The path of the request.', examples: ['/api/v1/agents/agt_01k5x6j3q8v4m2n7p9r1s5t6w0'] },
      code: { type: 'string', description: `For programs; stable. One of ${codes.join(', ')}.`, examples: ['agent.not_found'] },
      request_id: { type: 'string', description: 'The `X-Request-Id` of this answer; it finds the request in the log.', examples: ['req_01k5x6j3q8v4m2n7p9r1s5t6w0'] },
      errors: { type: 'array', items: { $ref: '#/components/schemas/FieldError' }, description: 'With status 422: one entry for each field that is wrong, up to 100.' },
      required_scope: { type: 'string', description: 'With `auth.scope_missing`: the scope that the credential lacks.', examples: ['agents:write'] },
      allowed: {
        type: 'array',
        items: { type: 'string' },
        description: 'With `conversation.invalid_transition` and `conversation.closed`: where the conversation can go from here. With 405: the methods of the path.',
        examples: [['open', 'queued']],
      },
    },
    required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'request_id'],
    additionalProperties: true,
  };
}

export function problemSchemas(): Record<string, Schema> {
  return { Problem: problem(), FieldError: FIELD_ERROR };
}

export const HEADERS: Record<string, HeaderObject> = {
  'X-Request-Id': {
    description: "The caller's own `X-Request-Id` when it is 1 to 128 letters, digits or `_ . : -`, otherwise a new one.",
    required: true,
    schema: { type: 'string' },
    example: 'req_01k5x6j3q8v4m2n7p9r1s5t6w0',
  },
  Location: { description: 'Path of the resource.', required: true, schema: { type: 'string', format: 'uri-reference' } },
  ETag: {
    description: 'Tag of the fields that callers write; counters do not change it. For `If-Match`.',
    required: true,
    schema: { type: 'string' },
    example: '"9f86d081884c7d659a2feaa0c55ad015"',
  },
  'Idempotency-Replayed': {
    description: '`true` when this is the stored answer of an earlier request with the same `Idempotency-Key`; absent otherwise.',
    schema: { type: 'string', enum: ['true'] },
  },
  'Retry-After': { description: 'Seconds to wait.', required: true, schema: { type: 'integer', minimum: 0 }, example: 5 },
  RateLimit: {
    description: 'Where the caller stands: `r` requests are left, and after `t` seconds all are there again (draft-ietf-httpapi-ratelimit-headers-11). Absent where limits are switched off, and on answers to requests that could not be read.',
    schema: { type: 'string' },
    example: '"default";r=5999;t=60',
  },
  'RateLimit-Policy': {
    description: 'The limit that counts for the caller: `q` requests in `w` seconds. With a credential it is that of its application, or the same for each credential; without a good one it is counted by address.',
    schema: { type: 'string' },
    example: '"default";q=6000;w=60',
  },
  'WWW-Authenticate': {
    description: 'The credentials that would do.',
    required: true,
    schema: { type: 'string' },
    example: 'Bearer realm="crossdesk", ApiKey realm="crossdesk" header="X-API-Key"',
  },
};

/** Its example is the schema's: Swagger UI would send a parameter's own, and the second try would replay the first. */
export const IDEMPOTENCY_KEY: ParameterObject = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'A new value for each thing to be done, for example a UUID. A repeat within 24 hours changes nothing and answers what the first one was answered; the same key with another request is 422, a repeat while the first is running 409.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$', examples: ['8e03978e-40d5-43e8-bc93-6894a57f9324'] },
};

export const IF_MATCH: ParameterObject = {
  name: 'If-Match',
  in: 'header',
  required: false,
  description: 'The `ETag` that was read: the change is made only if the resource is still the same, otherwise 412. `*` stands for any.',
  schema: { type: 'string', examples: ['"9f86d081884c7d659a2feaa0c55ad015"'] },
};

export const DESCRIPTION = `Customer-service integration: agents, visitors, conversations, messages, and signed callbacks for every event.

**Credentials.** An API key as \`X-API-Key\`, an agent's access token from \`POST /api/v1/auth/login\` or an OAuth 2 access token from \`/oauth/token\` as \`Authorization: Bearer\`, or an HTTP message signature (RFC 9421) by a signing key. One of them, not several. Each operation names the scope that it needs. Everything is confined to the caller's organization; what a caller may not see is 404.

**Bodies** are JSON in UTF-8 with fields in snake_case, up to 1 MiB, or 8 MiB where many things are sent at once (\`x-max-body-bytes\`). \`PUT\` changes the fields that it carries and leaves the rest; \`null\` clears a field that can be null. Unknown fields are refused. Instants are RFC 3339 in UTC with milliseconds.

**Lists** answer \`{data, next_cursor, has_more}\`. Pass \`next_cursor\` as \`cursor\` for the next page; \`include_total=true\` adds \`total\`.

**Errors** are \`application/problem+json\` (RFC 9457). Programs go by \`code\`.

**Limits.** Requests are counted for each credential, for an application with a limit of its own over all its credentials, and without a good credential for each address; failed log-ins more strictly. Answers say in \`RateLimit\` what is left; 429 says in \`Retry-After\` when to come again.

**Repeating safely.** Send an \`Idempotency-Key\` with a POST, and it happens once however often it is sent. Send the \`ETag\` of what was read as \`If-Match\` with a PUT or DELETE, and no one else's change is overwritten.

**Within v1** fields, optional parameters, events and error codes may be added; what is there keeps its name and meaning. Ignore what you do not know.`;
