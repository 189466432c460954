import { Injectable } from '@nestjs/common';
import type { SelectQueryBuilder } from 'typeorm';
import { toUnixSeconds } from '../../kernel/clock.js';
import { notFound } from '../../kernel/domain-error.js';
import { mapPage } from '../../kernel/page.js';
import type { Page } from '../../kernel/page.js';
import { agentsWithin, visibilityOf } from '../../kernel/principal.js';
import type { Principal } from '../../kernel/principal.js';
import { eventNamed } from '../../platform/database/event-named.js';
import { encodeCursor, keysetPage } from '../../platform/database/keyset.js';
import type { Sorting } from '../../platform/database/keyset.js';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import { visibleTo } from '../../platform/database/visible-to.js';
import { EventEntity } from '../../platform/outbox/event.entity.js';
import { Sequencer } from '../../platform/outbox/sequencer.js';
import { EventLog } from './events.contract.js';
import type { LoggedEvent } from './events.contract.js';
import type { ListEventsDto } from './events.dto.js';
import { SincePosition } from './since-position.js';

const SORTING: Sorting = { columns: { position: 'position' }, default: 'position', tieBreaker: 'position' };

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

  /** Ascending, so that a cursor follows the log; its end has a cursor too, from which a later call goes on. */
  async list(principal: Principal, filter: ListEventsDto): Promise<Page<LoggedEvent>> {
    await this.sequencer.sequence(principal.organizationId);
    const query = this.visible(principal);
    const named = filter.event === undefined ? null : eventNamed('event.type', filter.event);
    if (named !== null) query.andWhere(named.sql, named.parameters);
    if (filter.since !== undefined) {
      const from = await this.sincePosition.of(principal.organizationId, filter.since);
      if (from === null) query.andWhere('1 = 0');
      else query.andWhere('event.position >= :from AND event.occurred_at >= :since', { from, since: filter.since });
    }
    const page = mapPage(await keysetPage(query, SORTING, filter), toLoggedEvent);
    if (page.next_cursor === null && (filter.sort ?? SORTING.default) === 'position') {
      const last = page.data.at(-1)?.position;
      page.next_cursor = last === undefined ? (filter.cursor ?? encodeCursor('event.position', 0, 0)) : encodeCursor('event.position', last, last);
    }
    return page;
  }

  async get(principal: Principal, id: string): Promise<LoggedEvent> {
    await this.sequencer.sequence(principal.organizationId);
    const event = await this.visible(principal).andWhere('event.id = :id', { id }).getOne();
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
      .where('event.organization_id = :organizationId AND event.position > 0', { organizationId: principal.organizationId });
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
