import * as oauth from 'oauth4webapi';
import { created, unique } from './desk.js';
import type { Resource } from './desk.js';
import type { Caller } from './start-test-app.js';

/** The tests speak plain HTTP; a strict client wants to be told so. */
export const PLAIN_HTTP = { [oauth.allowInsecureRequests]: true } as const;

export const REDIRECT_URI = 'https://shop.example.com/oauth/callback';

export function anApplication(api: Caller, over: Record<string, unknown> = {}): Promise<Resource> {
  return created(api.post('/applications', { name: unique('application'), scopes: ['conversations:read', 'messages:read', 'messages:write'], ...over }));
}

export interface RegisteredClient {
  application: Resource;
  id: string;
  secret: string;
  path: string;
}

export async function anOauthClient(api: Caller, over: Record<string, unknown> = {}, application?: Resource): Promise<RegisteredClient> {
  const owner = application ?? (await anApplication(api));
  const body = await created(api.post(`/applications/${owner.id}/oauth-client`, over));
  return { application: owner, id: body['client_id'], secret: body['client_secret'], path: `/applications/${owner.id}/oauth-client/${body['client_id']}` };
}

/** A client for agents: code, PKCE, refresh. */
export function aWebClient(api: Caller, over: Record<string, unknown> = {}, application?: Resource): Promise<RegisteredClient> {
  return anOauthClient(api, { redirect_uris: [REDIRECT_URI], grant_types: ['authorization_code', 'refresh_token'], ...over }, application);
}

/** The metadata as a strict client reads it (RFC 8414). */
export async function discover(url: string): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(url);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...PLAIN_HTTP }));
}

export interface Page {
  status: number;
  url: string;
  headers: Headers;
  html: string;
}

/** What a browser does with redirects, cookies and forms; it runs no scripts. */
export class Browser {
  private readonly cookies = new Map<string, { value: string; path: string }>();

  /** `home` is the service; the browser stops where it is sent elsewhere. */
  constructor(private readonly home: string) {}

  async get(url: string): Promise<Page> {
    return this.go('GET', url);
  }

  /** Fills in and sends the form of the page whose action ends so. */
  async submit(page: Page, action: string, fields: Record<string, string> = {}): Promise<Page> {
    const [, target = '', inner = ''] = [...page.html.matchAll(/<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/g)].find(([, to]) => to!.endsWith(action)) ?? [];
    if (target === '') throw new Error(`There is no form ${action} on this page: ${page.html}`);
    const hidden = [...inner.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)].map(([, name, value]): [string, string] => [name!, value!]);
    return this.go('POST', new URL(target, page.url).href, new URLSearchParams([...hidden, ...Object.entries(fields)]));
  }

  clear(): void {
    this.cookies.clear();
  }

  names(): string[] {
    return [...this.cookies.keys()];
  }

  async go(method: string, url: string, form?: URLSearchParams): Promise<Page> {
    let next = { method, url, form };
    for (let hops = 0; hops < 10; hops++) {
      const response = await fetch(next.url, { method: next.method, body: next.form, redirect: 'manual', headers: { accept: 'text/html', cookie: this.cookieHeader(next.url) } });
      this.keep(response, next.url);
      const location = response.headers.get('location');
      if (location === null) return { status: response.status, url: next.url, headers: response.headers, html: await response.text() };
      const target = new URL(location, next.url).href;
      if (!target.startsWith(this.home)) return { status: response.status, url: target, headers: response.headers, html: '' };
      next = { method: 'GET', url: target, form: undefined };
    }
    throw new Error('Too many redirects.');
  }

  private cookieHeader(url: string): string {
    const { pathname } = new URL(url);
    const sent = [...this.cookies].filter(([, { path }]) => path === '/' || pathname === path || pathname.startsWith(`${path}/`));
    return sent.map(([name, { value }]) => `${name}=${value}`).join('; ');
  }

  private keep(response: Response, url: string): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const [name = '', value = ''] = pair.split(/=(.*)/s);
      const attribute = (wanted: string): string | undefined => attributes.find((item) => item.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
      const path = attribute('path') ?? new URL(url).pathname;
      const expires = attribute('expires');
      if (value === '' || (expires !== undefined && Date.parse(expires) < Date.now())) this.cookies.delete(name);
      else this.cookies.set(name, { value, path });
    }
  }
}

export interface Authorization {
  url: string;
  verifier: string;
  state: string;
}

/** A request for a code, as a client makes it. */
export async function anAuthorization(as: oauth.AuthorizationServer, clientId: string, over: Record<string, string | undefined> = {}): Promise<Authorization> {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(as.authorization_endpoint!);
  const parameters = {
    response_type: 'code', client_id: clientId, redirect_uri: REDIRECT_URI, scope: 'conversations:read messages:write', state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...over,
  };
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
  return { url: url.href, verifier, state };
}

/** Logs in and allows: where the browser is sent in the end. */
export async function allow(browser: Browser, url: string, username: string, password: string): Promise<string> {
  let page = await browser.get(url);
  if (page.html.includes('name="password"')) page = await browser.submit(page, '/login', { username, password });
  if (page.html.includes('Allow</button>')) page = await browser.submit(page, '/consent');
  if (page.html !== '') throw new Error(`The browser was not sent back: ${page.status} ${page.html}`);
  return page.url;
}
