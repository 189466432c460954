import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError } from '../../../kernel/domain-error.js';
import { newId } from '../../../kernel/ids.js';
import { mapPage } from '../../../kernel/page.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { Cipher } from '../../../platform/crypto/cipher.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { AuditTrail } from '../../audit/audit.contract.js';
import { Applications } from '../applications.contract.js';
import type { ApplicationState } from '../applications.contract.js';
import { assertHolds, assertSees } from '../applications/confinement.js';
import { MAX_KEYS, readExpiry, rotatedLifetimes } from '../applications/key-lifetime.js';
import { newKeyMaterial } from './key-material.js';
import type { KeyMaterial } from './key-material.js';
import type { SigningKeyEntity } from './signing-key.entity.js';
import type { CreateSigningKeyDto, CreatedSigningKeyView, ListSigningKeysDto, RotateSigningKeyDto, SigningKeyView } from './signing-keys.dto.js';
import { SigningKeysRepository } from './signing-keys.repository.js';
import { SECRET_PURPOSE, SigningKeys } from './signing-keys.js';
import { toCreatedSigningKeyView, toSigningKeyView } from './signing-keys.view.js';

/** The signing keys of applications, made and ended by those who manage them. */
@Injectable()
export class SigningKeysService {
  constructor(
    private readonly keys: SigningKeysRepository,
    private readonly signingKeys: SigningKeys,
    private readonly applications: Applications,
    private readonly cipher: Cipher,
    private readonly unitOfWork: UnitOfWork,
    private readonly audit: AuditTrail,
    private readonly clock: Clock,
  ) {}

  async create(principal: Principal, applicationId: string, input: CreateSigningKeyDto): Promise<CreatedSigningKeyView> {
    const expiresAt = readExpiry(input.expires_at, this.clock.now());
    const material = newKeyMaterial(input.algorithm ?? 'hmac-sha256', input.public_key);
    return this.unitOfWork.run(async () => {
      const application = await this.lock(principal, applicationId);
      const key = await this.issue(principal, application, { name: input.name ?? 'Signing key', material, expiresAt });
      await this.record(principal, 'signing_key.created', key);
      return toCreatedSigningKeyView(key, material);
    });
  }

  async get(principal: Principal, applicationId: string, id: string): Promise<SigningKeyView> {
    const application = await this.applications.get(principal.organizationId, applicationId);
    return toSigningKeyView(await this.keys.get(application.id, id));
  }

  async list(principal: Principal, applicationId: string, page: ListSigningKeysDto): Promise<Page<SigningKeyView>> {
    const application = await this.applications.get(principal.organizationId, applicationId);
    return mapPage(await this.keys.list(application.id, page), toSigningKeyView);
  }

  async revoke(principal: Principal, applicationId: string, id: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      const application = await this.lock(principal, applicationId);
      const key = await this.keys.get(application.id, id);
      await this.keys.update(id, { revoked_at: this.clock.now() });
      this.signingKeys.changed(id);
      await this.record(principal, 'signing_key.revoked', key);
    });
  }

  async rotate(principal: Principal, applicationId: string, id: string, input: RotateSigningKeyDto): Promise<CreatedSigningKeyView> {
    return this.unitOfWork.run(async () => {
      const application = await this.lock(principal, applicationId);
      const old = await this.keys.get(application.id, id);
      const now = this.clock.now();
      assertCanBeRotated(old, now);
      const material = newKeyMaterial(old.algorithm, input.public_key);
      const { oldExpiresAt, newExpiresAt } = rotatedLifetimes(old, now, input.overlap_seconds);
      const key = await this.issue(principal, application, { name: old.name, material, expiresAt: newExpiresAt });
      await this.keys.update(id, { rotated_at: now, expires_at: oldExpiresAt });
      this.signingKeys.changed(id);
      await this.record(principal, 'signing_key.rotated', old, { new_key_id: key.id });
      return toCreatedSigningKeyView(key, material);
    });
  }

  private async lock(principal: Principal, applicationId: string): Promise<ApplicationState> {
    const application = await this.applications.lock(principal.organizationId, applicationId);
    assertSees(principal, application.grant.dataScope);
    return application;
  }

  private async issue(
    principal: Principal,
    application: ApplicationState,
    { name, material, expiresAt }: { name: string; material: KeyMaterial; expiresAt: number | null },
  ): Promise<SigningKeyEntity> {
    assertHolds(principal, application.scopes);
    const now = this.clock.now();
    if ((await this.keys.countValid(application.id, now)) >= MAX_KEYS) {
      throw new DomainError('conflict', 'signing_key.too_many', `An application has at most ${MAX_KEYS} signing keys; revoke some first.`);
    }
    const key: SigningKeyEntity = {
      id: newId('signingKey'), organization_id: application.organizationId, application_id: application.id, name, algorithm: material.algorithm,
      secret: material.secret === null ? null : this.cipher.encrypt(material.secret, SECRET_PURPOSE), public_key: material.publicKey,
      created_at: now, expires_at: expiresAt, rotated_at: null, revoked_at: null, last_used_at: null,
    };
    await this.keys.insert(key);
    return key;
  }

  private async record(principal: Principal, action: string, key: SigningKeyEntity, more: Record<string, unknown> = {}): Promise<void> {
    const details = { application_id: key.application_id, name: key.name, algorithm: key.algorithm, ...more };
    await this.audit.record({ organizationId: key.organization_id, actor: principal, action, target: { type: 'signing_key', id: key.id }, details });
  }
}

function assertCanBeRotated(key: SigningKeyEntity, now: number): void {
  if (key.rotated_at !== null) throw new DomainError('conflict', 'signing_key.rotated', 'Another key has taken the place of this one; rotate that.');
  if (key.expires_at !== null && key.expires_at <= now) throw new DomainError('conflict', 'signing_key.expired', 'The key has expired; make a new one.');
}
