import { createHash } from 'node:crypto';
import { describeScopes } from './scope-words.js';

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; place-items: center; min-height: 100vh; background: Canvas; color: CanvasText; }
main { box-sizing: border-box; width: 100%; max-width: 26rem; padding: 2rem 1.5rem; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 1rem; }
label { display: block; margin: 1rem 0 0.25rem; font-weight: 600; }
input { box-sizing: border-box; width: 100%; font: inherit; padding: 0.6rem; border: 1px solid #767676; border-radius: 0.4rem; }
button { font: inherit; font-weight: 600; margin-top: 1.25rem; width: 100%; padding: 0.7rem; border: 1px solid #1d4ed8; border-radius: 0.4rem; background: #1d4ed8; color: #fff; cursor: pointer; }
button.quiet { background: transparent; color: inherit; border-color: #767676; margin-top: 0.75rem; }
input:focus-visible, button:focus-visible { outline: 3px solid #f59e0b; outline-offset: 2px; }
[role=alert] { border-left: 4px solid #b91c1c; padding: 0.5rem 0.75rem; margin: 1rem 0; }
ul { padding-left: 1.25rem; }`;

const STYLE_SOURCE = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

/** What a page is made of: nothing but this document and its one style is loaded, and no other site can frame it. */
export interface Page {
  html: string;
  headers: Record<string, string>;
}

interface FormTarget {
  /** Path of the request, without a slash at the end. */
  action: string;
  csrf: string;
  /** Where the browser is sent in the end: browsers hold a form to its policy over all redirects. */
  redirectUri: string;
}

export function loginPage({ action, csrf, redirectUri }: FormTarget, applicationName: string, failure?: { message: string; username: string }): Page {
  const alert = failure === undefined ? '' : `<p role="alert" id="failure">${escape(failure.message)}</p>`;
  const described = failure === undefined ? '' : ' aria-describedby="failure" aria-invalid="true"';
  return page('Log in', [redirectUri], `
<h1>Log in to connect ${escape(applicationName)}</h1>
<p>Use the user name and the password that you have at the desk.</p>
${alert}
<form method="post" action="${escape(action)}/login">
<input type="hidden" name="csrf" value="${escape(csrf)}">
<label for="username">User name</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="100" required value="${escape(failure?.username ?? '')}"${described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="200" required${described}>
<button type="submit">Log in</button>
</form>
${cancelForm(action, csrf)}`);
}

export function consentPage({ action, csrf, redirectUri }: FormTarget, applicationName: string, username: string, scopes: readonly string[]): Page {
  const lines = describeScopes(scopes).map((line) => `<li>${escape(line)}</li>`).join('\n');
  return page('Allow access', [redirectUri], `
<h1>${escape(applicationName)} asks for access</h1>
<p>You are logged in as <strong>${escape(username)}</strong>. If you allow it, ${escape(applicationName)} can, on your behalf and as far as you can yourself:</p>
<ul>
${lines}
</ul>
<p>You are then sent to <strong>${escape(new URL(redirectUri).host)}</strong>.</p>
<form method="post" action="${escape(action)}/consent">
<input type="hidden" name="csrf" value="${escape(csrf)}">
<button type="submit">Allow</button>
</form>
<form method="post" action="${escape(action)}/switch">
<input type="hidden" name="csrf" value="${escape(csrf)}">
<button type="submit" class="quiet">Log in as somebody else</button>
</form>
${cancelForm(action, csrf)}`);
}

export function errorPage(error: string, description?: string): Page {
  return page('This did not work', [], `
<h1>This did not work</h1>
<p role="alert">${escape(description ?? 'The request cannot be answered.')}</p>
<p>Go back to the application that sent you here and begin again. If that does not help, tell its makers: <code>${escape(error)}</code>.</p>`);
}

export function renderErrorPage(set: (name: string, value: string) => void, send: (html: string) => void, error: string, description?: string): void {
  const { html, headers } = errorPage(error, description);
  for (const [name, value] of Object.entries(headers)) set(name, value);
  send(html);
}

function cancelForm(action: string, csrf: string): string {
  return `<form method="post" action="${escape(action)}/cancel">
<input type="hidden" name="csrf" value="${escape(csrf)}">
<button type="submit" class="quiet">Cancel</button>
</form>`;
}

export function page(title: string, redirectUris: readonly string[], body: string): Page {
  const targets = ["'self'", ...redirectUris.map((uri) => new URL(uri).origin)].join(' ');
  return {
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escape(title)} · crossdesk</title>
<style>${STYLE}</style>
</head>
<body>
<main>${body}
</main>
</body>
</html>
`,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': `default-src 'none'; style-src ${STYLE_SOURCE}; form-action ${targets}; frame-ancestors 'none'; base-uri 'none'`,
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
  };
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
}
