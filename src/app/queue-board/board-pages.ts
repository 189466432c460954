import { escape, page } from '../../modules/auth/oauth2/pages.js';
import type { Page } from '../../modules/auth/oauth2/pages.js';

export function boardLoginPage(action: string, failure?: { message: string; username: string }): Page {
  const alert = failure === undefined ? '' : `<p role="alert" id="failure">${escape(failure.message)}</p>`;
  const described = failure === undefined ? '' : ' aria-describedby="failure" aria-invalid="true"';
  return page('Queues', [], `
<h1>Queues</h1>
<p>For administrators of the operator's organization.</p>
${alert}
<form method="post" action="${escape(action)}">
<label for="username">User name</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" maxlength="100" required value="${escape(failure?.username ?? '')}"${described}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" maxlength="200" required${described}>
<button type="submit">Log in</button>
</form>`);
}

export function boardLogoutPage(action: string): Page {
  return page('Log out', [], `
<h1>Leave the queues?</h1>
<form method="post" action="${escape(action)}">
<button type="submit">Log out</button>
</form>`);
}
