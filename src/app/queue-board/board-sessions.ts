import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Clock } from '../../kernel/clock.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { Principal } from '../../kernel/principal.js';
import { Authenticator } from '../../modules/auth/auth.contract.js';
import type { Grant } from '../../modules/auth/auth.contract.js';
import { LoginService } from '../../modules/auth/jwt/login.service.js';
import { Organizations } from '../../modules/organizations/organizations.contract.js';
import { Cipher } from '../../platform/crypto/cipher.js';

export const SESSION_SECONDS = 8 * 60 * 60;

const PURPOSE = 'queue-board-session';
/** As long as the API takes them: what is longer can be nobody's. */
const MAX_USERNAME = 100;
const MAX_PASSWORD = 200;

interface Session {
  grant: Grant;
  /** Unix milliseconds. */
  expires_at: number;
}

/**
 * Who may see the board: an admin of the operator's organization, since the queues are those of all organizations. A
 * session names a log-in of the agent, and is asked at each request whether that still holds: it ends with the log-in,
 * with the agent, and with its role.
 */
export class BoardSessions {
  private readonly logins: LoginService;
  private readonly authenticator: Authenticator;
  private readonly organizations: Organizations;
  private readonly cipher: Cipher;
  private readonly clock: Clock;

  constructor(app: NestFastifyApplication) {
    this.logins = app.get(LoginService, { strict: false });
    this.authenticator = app.get(Authenticator, { strict: false });
    this.organizations = app.get(Organizations, { strict: false });
    this.cipher = app.get(Cipher, { strict: false });
    this.clock = app.get(Clock, { strict: false });
  }

  /** The value of the cookie. Throws as the log-in of the API does. */
  async begin(username: string, password: string, address: string): Promise<string> {
    const organization = await this.organizations.findOperator();
    const possible = username.length <= MAX_USERNAME && password.length <= MAX_PASSWORD && username !== '' && password !== '';
    if (organization === null || !possible) throw new DomainError('unauthenticated', 'auth.login_failed', 'User name or password is wrong.');
    const { accessToken } = await this.logins.login({ username, password, organization: organization.slug }, address);
    const { principal, grant } = await this.authenticator.admit(accessToken);
    if (!mayLook(principal, organization.id)) {
      await this.logins.logout(principal);
      throw new DomainError('unauthenticated', 'auth.login_failed', 'This is for administrators only.');
    }
    const session: Session = { grant, expires_at: this.clock.now() + SESSION_SECONDS * 1000 };
    return this.cipher.encrypt(JSON.stringify(session), PURPOSE);
  }

  /** Null when there is no session, or none any more. */
  async find(cookie: string | null): Promise<Principal | null> {
    const session = cookie === null ? null : this.read(cookie);
    if (session === null || session.expires_at <= this.clock.now()) return null;
    const [principal, organization] = await Promise.all([this.authenticator.renew(session.grant), this.organizations.findOperator()]);
    return principal !== null && organization !== null && mayLook(principal, organization.id) ? principal : null;
  }

  async end(cookie: string | null): Promise<void> {
    const principal = await this.find(cookie);
    if (principal !== null) await this.logins.logout(principal);
  }

  private read(cookie: string): Session | null {
    try {
      return JSON.parse(this.cipher.decrypt(cookie, PURPOSE)) as Session;
    } catch {
      // Whatever this service did not write is no session.
      return null;
    }
  }
}

function mayLook(principal: Principal, operatorId: string): boolean {
  return principal.organizationId === operatorId && principal.agent?.role === 'admin' && principal.application === null;
}
