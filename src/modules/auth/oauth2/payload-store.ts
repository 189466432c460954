import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Clock } from '../../../kernel/clock.js';
import { Cache } from '../../../platform/cache/cache.js';
import { Invalidation } from '../../../platform/cache/invalidation.js';
import { Cipher } from '../../../platform/crypto/cipher.js';
import { sha256 } from '../../../platform/crypto/hash.js';
import { changeRows, deleteSome } from '../../../platform/database/rows.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { OauthPayloadEntity } from './oauth.entity.js';

const TOKEN_TOPIC = 'oauth-token';
const HOLDER_TOPIC = 'oauth-holder';
/** Longer than a log-in to the pages lasts without being used. */
const EPOCH_SECONDS = 24 * 60 * 60;
const CACHE = { max: 10_000, ttlMs: 10_000 };

/** Whether it is of one of the two kinds that a token of the API has. */
export function isAccessToken(kind: string): boolean {
  return kind === 'AccessToken' || kind === 'ClientCredentials';
}

export type Payload = Record<string, unknown>;

export interface NewPayload {
  kind: string;
  id: string;
  clientId: string | null;
  agentId: string | null;
  grantId: string | null;
  /** The second name of a log-in. */
  uid: string | null;
  payload: Payload;
  expiresInSeconds: number;
}

/** What an access token stands for; its client, application and agent are looked up at each use. */
export interface StoredToken {
  clientId: string;
  agentId: string | null;
  audience: unknown;
  scopes: string[];
  expiresAt: number;
}

type Row = Pick<OauthPayloadEntity, 'id_hash' | 'kind' | 'client_id' | 'agent_id' | 'grant_hash' | 'payload' | 'consumed_at' | 'expires_at'>;

/** Tokens and what belongs to them, under the SHA-256 of their ids and encrypted. */
@Injectable()
export class PayloadStore {
  private readonly tokens: Cache<StoredToken>;

  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly cipher: Cipher,
    private readonly clock: Clock,
    private readonly invalidation: Invalidation,
  ) {
    this.tokens = new Cache(TOKEN_TOPIC, invalidation, CACHE);
  }

  async find(kind: string, id: string): Promise<Payload | null> {
    return this.read(kind, (await this.rows('id_hash = ?', [sha256(id)]))[0]);
  }

  async findByUid(kind: string, uid: string): Promise<Payload | null> {
    return this.read(kind, (await this.rows('uid_hash = ?', [sha256(uid)]))[0]);
  }

  async put({ kind, id, clientId, agentId, grantId, uid, payload, expiresInSeconds }: NewPayload): Promise<void> {
    const idHash = sha256(id);
    const now = this.clock.now();
    const row = {
      client_id: clientId, agent_id: agentId, grant_hash: hashed(grantId), uid_hash: hashed(uid),
      payload: this.cipher.encrypt(JSON.stringify(payload), purposeOf(kind, idHash)), expires_at: now + expiresInSeconds * 1000,
    };
    await this.unitOfWork.run(async () => {
      const { affected } = await this.unitOfWork.transaction.update(OauthPayloadEntity, { id_hash: idHash, kind }, row);
      if (affected === 0) await this.unitOfWork.transaction.insert(OauthPayloadEntity, { id_hash: idHash, kind, ...row, consumed_at: null, created_at: now });
    });
  }

  /** False when it was used before: of several who use it at once, one gets true. */
  async consume(id: string): Promise<boolean> {
    return this.unitOfWork.run(async () => {
      const changed = await changeRows(
        this.unitOfWork, 'UPDATE oauth_payloads SET consumed_at = ? WHERE id_hash = ? AND consumed_at IS NULL', [this.clock.now(), sha256(id)],
      );
      return changed > 0;
    });
  }

  async delete(id: string): Promise<void> {
    await this.deleteWhere('id_hash = ?', [sha256(id)]);
  }

  /** The grant, and all that was issued under it. */
  async deleteGrant(grantId: string): Promise<void> {
    await this.deleteWhere('grant_hash = ? OR id_hash = ?', [sha256(grantId), sha256(grantId)]);
  }

  /** All that was issued under the grant; the grant stays. */
  async deleteOfGrant(grantId: string): Promise<void> {
    await this.deleteWhere('grant_hash = ?', [sha256(grantId)]);
  }

  async deleteOfClient(clientId: string): Promise<void> {
    await this.deleteWhere('client_id = ?', [clientId]);
  }

  /** What the agent has given to clients, and its log-ins to the pages; one that is stored just after this does not count. */
  async deleteOfAgent(agentId: string): Promise<void> {
    await this.unitOfWork.run(async () => {
      await this.deleteWhere('agent_id = ?', [agentId]);
      await this.put({ ...epochOf(agentId), clientId: null, agentId: null, grantId: null, uid: null, payload: { epoch: randomUUID() }, expiresInSeconds: EPOCH_SECONDS });
    });
  }

  /** Changes when the agent's log-ins have ended: one of another epoch is none. */
  async loginEpochOf(agentId: string): Promise<string> {
    const { kind, id } = epochOf(agentId);
    const known = await this.find(kind, id);
    return typeof known?.['epoch'] === 'string' ? known['epoch'] : 'first';
  }

  /** Returns how many; fewer than the limit when no more are left. */
  async deleteExpired(limit: number): Promise<number> {
    return deleteSome(this.unitOfWork, { table: 'oauth_payloads', key: 'id_hash', where: 'expires_at < ?', parameters: [this.clock.now()] }, limit);
  }

  /** By the hash of the token; null when there is none, or it is no access token, has expired or was revoked. */
  async findToken(tokenHash: string): Promise<StoredToken | null> {
    const token = await this.tokens.get(tokenHash, () => this.loadToken(tokenHash));
    return token !== null && token.expiresAt > this.clock.now() ? token : null;
  }

  /** Told on every instance of the client or agent some of whose tokens were revoked. */
  onRevoked(listener: (holder: string) => void): void {
    this.invalidation.onInvalidate((topic, holder) => {
      if (topic === HOLDER_TOPIC) listener(holder);
    });
  }

  private async loadToken(tokenHash: string): Promise<StoredToken | null> {
    const [row] = await this.rows('id_hash = ?', [tokenHash]);
    if (row === undefined || !isAccessToken(row.kind)) return null;
    const payload = this.read(row.kind, row);
    if (payload === null || row.client_id === null) return null;
    // One that was stored just after its grant was revoked is none.
    if (row.grant_hash !== null && (await this.rows('id_hash = ?', [row.grant_hash])).length === 0) return null;
    return {
      clientId: row.client_id,
      agentId: row.agent_id,
      audience: payload['aud'],
      scopes: typeof payload['scope'] === 'string' ? payload['scope'].split(' ') : [],
      expiresAt: Number(row.expires_at),
    };
  }

  private rows(where: string, parameters: unknown[]): Promise<Row[]> {
    return this.unitOfWork.query<Row>(
      `SELECT id_hash, kind, client_id, agent_id, grant_hash, payload, consumed_at, expires_at FROM oauth_payloads WHERE ${where}`, parameters,
    );
  }

  private read(kind: string, row: Row | undefined): Payload | null {
    if (row === undefined || row.kind !== kind || Number(row.expires_at) <= this.clock.now()) return null;
    const payload = JSON.parse(this.cipher.decrypt(row.payload, purposeOf(kind, row.id_hash))) as Payload;
    return row.consumed_at === null ? payload : { ...payload, consumed: Math.floor(Number(row.consumed_at) / 1000) };
  }

  private async deleteWhere(where: string, parameters: string[]): Promise<void> {
    await this.unitOfWork.run(async () => {
      const gone = await this.unitOfWork.query<Pick<Row, 'id_hash' | 'kind' | 'client_id' | 'agent_id'>>(
        `SELECT id_hash, kind, client_id, agent_id FROM oauth_payloads WHERE ${where}`, parameters,
      );
      if (gone.length === 0) return;
      await changeRows(this.unitOfWork, `DELETE FROM oauth_payloads WHERE ${where}`, parameters);
      const revoked = gone.filter((row) => isAccessToken(row.kind));
      const holders = new Set(revoked.map((row) => row.agent_id ?? row.client_id!));
      this.unitOfWork.afterCommit(() => {
        for (const { id_hash } of revoked) this.tokens.forget(id_hash);
        for (const holder of holders) this.invalidation.publish(HOLDER_TOPIC, holder);
      });
    });
  }
}

function epochOf(agentId: string): { kind: string; id: string } {
  return { kind: 'LoginEpoch', id: `log-ins of ${agentId}` };
}

/** Bound to its row: a copy in another one cannot be read. */
function purposeOf(kind: string, idHash: string): string {
  return `oauth ${kind} ${idHash}`;
}

function hashed(id: string | null): string | null {
  return id === null ? null : sha256(id);
}
