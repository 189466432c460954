import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { Clock, toInstant } from '../../../kernel/clock.js';
import { invalidField, notFound } from '../../../kernel/domain-error.js';
import { domainEvent } from '../../../kernel/domain-event.js';
import { newId } from '../../../kernel/ids.js';
import { mapPage } from '../../../kernel/page.js';
import type { Page } from '../../../kernel/page.js';
import type { Principal } from '../../../kernel/principal.js';
import { keysetPage } from '../../../platform/database/keyset.js';
import type { Sorting } from '../../../platform/database/keyset.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Outbox } from '../../../platform/outbox/outbox.js';
import { VisitorsRepository } from '../visitors.repository.js';
import { TrackEntity } from './track.entity.js';
import type { AddTrackDto, ListTracksDto, TrackView } from './tracks.dto.js';

const SORTING: Sorting = { columns: { created_at: 'created_at', at: 'at' }, default: '-created_at', tieBreaker: 'id' };
/** Clocks of browsers are not exact. */
const MAX_AHEAD_MS = 5 * 60_000;

@Injectable()
export class TracksService {
  constructor(
    private readonly visitors: VisitorsRepository,
    private readonly unitOfWork: UnitOfWork,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
  ) {}

  async add({ organizationId }: Principal, visitorId: string, input: AddTrackDto): Promise<TrackView> {
    return this.unitOfWork.run(async () => {
      const visitor = await this.visitors.getForUpdate(organizationId, visitorId);
      const now = this.clock.now();
      const at = input.at === undefined ? now : Date.parse(input.at);
      if (at > now + MAX_AHEAD_MS) throw invalidField('at', 'track.in_the_future', 'at must not lie in the future');
      const track: TrackEntity = {
        id: newId('track'), organization_id: organizationId, visitor_id: visitor.id, url: input.url, title: input.title ?? null, referrer: input.referrer ?? null,
        metadata: input.metadata ?? {}, at, created_at: now,
      };
      await this.unitOfWork.transaction.insert(TrackEntity, track as object);
      if (at > (visitor.last_seen_at ?? 0)) await this.visitors.update(visitor, { last_seen_at: Math.min(at, now) });
      const { id, created_at: _, ...seen } = toTrackView(track);
      this.outbox.append(domainEvent(organizationId, 'visitor.tracked', now, { track_id: id, ...seen }));
      return toTrackView(track);
    });
  }

  async list(principal: Principal, visitorId: string, filter: ListTracksDto): Promise<Page<TrackView>> {
    const query = await this.of(principal, visitorId);
    if (filter.since !== undefined) query.andWhere('track.at >= :since', { since: filter.since });
    if (filter.until !== undefined) query.andWhere('track.at < :until', { until: filter.until });
    return mapPage(await keysetPage(query, SORTING, filter), toTrackView);
  }

  async get(principal: Principal, visitorId: string, id: string): Promise<TrackView> {
    const track = await (await this.of(principal, visitorId)).andWhere('track.id = :id', { id }).getOne();
    if (track === null) throw notFound('track', id);
    return toTrackView(track);
  }

  private async of({ organizationId }: Principal, visitorId: string): Promise<SelectQueryBuilder<TrackEntity>> {
    const visitor = await this.visitors.find(organizationId, visitorId);
    if (visitor === null) throw notFound('visitor', visitorId);
    return this.unitOfWork.manager
      .createQueryBuilder(TrackEntity, 'track')
      .where('track.organization_id = :organizationId AND track.visitor_id = :visitorId', { organizationId, visitorId: visitor.id });
  }
}

function toTrackView({ id, visitor_id, url, title, referrer, metadata, at, created_at }: TrackEntity): TrackView {
  return { id, visitor_id, url, title, referrer, metadata, at: toInstant(at), created_at: toInstant(created_at) };
}
