import type { Config } from '../platform/config/config.js';
import type { FirstCredentials } from '../modules/onboarding/bootstrap.service.js';

/** What a person sees at the start: where the service is, and on the first start how to call it. */
export function welcome(config: Config, listening: string, credentials: FirstCredentials | null): string {
  const url = listening.replace('//0.0.0.0', '//127.0.0.1').replace('//[::]', '//[::1]');
  const mode = `${config.dialect === 'sqlite' ? `SQLite ${config.sqlitePath}` : 'MySQL'}, ${config.values.REDIS_URL === undefined ? 'in-process queue' : 'Redis and BullMQ'}, roles ${config.values.ROLES.join(' and ')}`;
  const lines = ['', `crossdesk is running (${mode})`];
  if (config.plays('api')) lines.push(`  API      ${url}/api/v1`, `  Swagger  ${url}/docs`);
  else lines.push(`  Health   ${url}/health/ready`);
  if (credentials !== null) lines.push('', ...credentialLines(credentials));
  if (credentials !== null && config.plays('api')) lines.push('', 'Begin a conversation:', `  ${curl(url, credentials)}`);
  return `${lines.join('\n')}\n\n`;
}

/** What the first start made, and what of it was made up: that is shown this once. */
export function credentialLines(credentials: FirstCredentials): string[] {
  const generated = credentials.apiKeyGenerated || credentials.adminPasswordGenerated;
  return [
    `This database was empty: the organization "default", an API key and the agent "admin" were made.${generated ? ' These are shown once:' : ''}`,
    ...(credentials.apiKeyGenerated ? [`  API key         ${credentials.apiKey}`] : []),
    ...(credentials.adminPasswordGenerated ? [`  admin password  ${credentials.adminPassword}`] : []),
  ];
}

function curl(url: string, credentials: FirstCredentials): string {
  const key = credentials.apiKeyGenerated ? credentials.apiKey : '$BOOTSTRAP_API_KEY';
  return `curl -s ${url}/api/v1/conversations -H "X-API-Key: ${key}" -H 'Content-Type: application/json' -d '{"visitor":{"external_id":"customer-1","name":"Ada"}}'`;
}
