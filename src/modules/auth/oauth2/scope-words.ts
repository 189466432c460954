const THINGS: Record<string, string> = {
  agents: 'the people of the desk',
  conversations: 'conversations',
  messages: 'messages',
  visitors: 'visitors',
  tickets: 'tickets',
  crm: 'customers and their orders',
  statistics: 'statistics',
  callbacks: 'where events are sent to',
  events: 'the log of what happened',
  applications: 'applications and their keys',
  audit: 'the audit log',
  dialects: 'connections to other systems',
  import: 'imported conversations',
};

/** Scopes in plain words, one line for each kind of thing. */
export function describeScopes(scopes: readonly string[]): string[] {
  const named = new Set(scopes);
  const things = [...new Set(scopes.map((scope) => scope.split(':', 1)[0]!))];
  return things.map((thing) => {
    const verbs = [...(named.has(`${thing}:read`) ? ['see'] : []), ...(named.has(`${thing}:write`) ? ['change'] : [])].join(' and ');
    const words = THINGS[thing] ?? thing;
    return `${verbs.charAt(0).toUpperCase()}${verbs.slice(1)} ${words}`;
  });
}
