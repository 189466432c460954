import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError } from '../../../kernel/domain-error.js';
import type { Principal } from '../../../kernel/principal.js';
import { Cipher } from '../../../platform/crypto/cipher.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { OLD_SECRETS_PURPOSE, SECRET_PURPOSE } from './endpoint-purposes.js';
import { newSecret, publicKeyOf } from './endpoint-secret.js';
import type { EndpointEntity, OldSecret } from './endpoint.entity.js';
import type { RotateSecretDto } from './endpoints.dto.js';
import { EndpointsRepository } from './endpoints.repository.js';
import type { CreatedEndpointView } from './endpoints.view.dto.js';
import { EndpointViews } from './endpoints.view.js';
import { EndpointOpener } from './open-endpoint.js';
import { assertMayBeGiven, shownSecret } from './register-endpoint.js';

const DEFAULT_OVERLAP_SECONDS = 24 * 60 * 60;
/** Each costs every request a signature. */
const MAX_OLD_SECRETS = 10;

@Injectable()
export class RotateSecret {
  constructor(
    private readonly endpoints: EndpointsRepository,
    private readonly opener: EndpointOpener,
    private readonly views: EndpointViews,
    private readonly cipher: Cipher,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  /** The next attempt, also of a delivery that failed before, is signed with the new secret, and with the old ones that overlap. */
  async rotate(principal: Principal, id: string, { secret: given, overlap_seconds = DEFAULT_OVERLAP_SECONDS }: RotateSecretDto): Promise<CreatedEndpointView> {
    return this.unitOfWork.run(async () => {
      await this.endpoints.beginChange(principal.organizationId);
      const before = await this.endpoints.get(principal, id);
      assertMayBeGiven(given, before.signing);
      const secret = given ?? newSecret(before.signing);
      const now = this.clock.now();
      const changed = {
        secret: this.cipher.encrypt(secret, SECRET_PURPOSE),
        old_secrets: this.sealed(this.oldSecretsAfter(before, secret, now, overlap_seconds * 1000)),
        public_key: publicKeyOf(secret),
        updated_at: now,
      };
      await this.endpoints.update(id, changed);
      await this.audit.record({
        organizationId: principal.organizationId, actor: principal, action: 'callback.secret_rotated', target: { type: 'callback', id }, details: { overlap_seconds },
      });
      return { ...this.views.of({ ...before, ...changed }), secret: shownSecret(secret, before.signing) };
    });
  }

  private oldSecretsAfter(before: EndpointEntity, next: string, now: number, overlapMs: number): OldSecret[] {
    const current = this.cipher.decrypt(before.secret, SECRET_PURPOSE);
    if (current === next) throw new DomainError('conflict', 'callback.secret_in_use', 'This is the secret that the endpoint has.');
    const stillValid = this.opener.oldSecretsOf(before).filter(({ secret, expires_at }) => expires_at > now && secret !== next);
    const old = overlapMs === 0 ? stillValid : [{ secret: current, expires_at: now + overlapMs }, ...stillValid];
    if (old.length <= MAX_OLD_SECRETS) return old;
    throw new DomainError('conflict', 'callback.too_many_secrets', `The endpoint is signed for with ${MAX_OLD_SECRETS} old secrets already; wait until one expires, or rotate without an overlap.`);
  }

  private sealed(old: readonly OldSecret[]): string | null {
    return old.length === 0 ? null : this.cipher.encrypt(JSON.stringify(old), OLD_SECRETS_PURPOSE);
  }
}
