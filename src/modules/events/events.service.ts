import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { toUnixSeconds } from '../../kernel/clock.js';
import { notFound } from '../../kernel/domain-error.js';
import { mapPage } from '../../kernel/page.js';
import type { Page } from '../../kernel/page.js';
import { agentsWithin, visibilityOf } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { eventNamed } from '../../platform/database/event-named.js';
import { decodeCursor, encodeCursor, keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { visibleTo } from '../../platform/database/visible-to.js';
import { EventEntity } from '../../platform/outbox/event.entity.js';
import { Sequencer } from '../../platform/outbox/sequencer.js';
import { EventLog } from './events.contract.js';
import type { LoggedEvent } from './events.contract.js';
import type { ListEventsDto } from './events.dto.js';
import { SincePosition } from './since-position.js';

const SORTING: Sorting = { columns: { position: 'position' }, default: 'position', tieBreaker: 'position', index: 'events_position' };

const COLUMNS = { agentId: 'event.agent_id', department: 'event.department', channel: 'event.channel', queued: 'event.queued = 1' };

@Injectable()
export class EventsService extends EventLog {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly sequencer: Sequencer,
    private readonly sincePosition: SincePosition,
  ) {
    super();
  }

  /**
   * Ascending, so that a cursor follows the log; its end has a cursor too, from which a later call goes on: it does not read
   * again what was not asked for.
   */
  async list(principal: Principal, filter: ListEventsDto): Promise<Page<LoggedEvent>> {
    const end = await this.sequencer.sequence(principal.organizationId);
    const { since, cursor, sort = SORTING.default } = filter;
    const follows = cursor !== undefined && sort === SORTING.default;
    const from = since === undefined || follows ? 1 : await this.sincePosition.of(principal.organizationId, since);
    // SQLite begins at one of two bounds, and not at the better one: where that is a cursor this one is a sum, which is for no index.
    const query = this.visible(principal).andWhere(`event.position${follows ? ' + 0' : ''} >= :from`, { from });
    const named = filter.event === undefined ? null : eventNamed('event.type', filter.event);
    if (named !== null) query.andWhere(named.sql, named.parameters);
    if (since !== undefined) query.andWhere('event.occurred_at >= :since', { since });
    const page = mapPage(await keysetPage(query, SORTING, filter), toLoggedEvent);
    if (page.next_cursor === null && sort === SORTING.default) {
      const seen = page.data.at(-1)?.position ?? Math.max(end, cursor === undefined ? 0 : Number(decodeCursor(cursor, 'event.position').id) || 0);
      page.next_cursor = encodeCursor('event.position', seen, seen);
    }
    return page;
  }

  async get(principal: Principal, id: string): Promise<LoggedEvent> {
    await this.sequencer.sequence(principal.organizationId);
    const event = await this.visible(principal).andWhere('event.id = :id AND event.position > 0', { id }).getOne();
    if (event === null) throw notFound('event', id);
    return toLoggedEvent(event);
  }

  async listAfter(principal: Principal, afterPosition: number, limit: number): Promise<Page<LoggedEvent>> {
    return this.list(principal, { cursor: encodeCursor('event.position', afterPosition, afterPosition), limit });
  }

  async position(principal: Principal): Promise<number> {
    return this.sequencer.sequence(principal.organizationId);
  }

  private visible(principal: Principal): SelectQueryBuilder<EventEntity> {
    const query = this.unitOfWork.manager
      .createQueryBuilder(EventEntity, 'event')
      .where('event.organization_id = :organizationId', { organizationId: principal.organizationId });
    const visibility = visibilityOf(principal);
    const condition = visibleTo(visibility, COLUMNS);
    if (condition === null) return query;
    const owners = agentsWithin(visibility);
    const shared = owners.length === 0 ? 'event.shared = 1' : '(event.shared = 1 AND (event.agent_id IS NULL OR event.agent_id IN (:...owners)))';
    return query.andWhere(`(${shared} OR ${condition.sql})`, { ...condition.parameters, owners });
  }
}

function toLoggedEvent(event: EventEntity): LoggedEvent {
  return { id: event.id, event: event.type, timestamp: toUnixSeconds(event.occurred_at), data: event.data, position: event.position! };
}
