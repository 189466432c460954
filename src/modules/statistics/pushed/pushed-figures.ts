import { Injectable } from '@nestjs/common';
import { DateTime } from 'luxon';
import { Clock, toInstant } from '../../../kernel/clock.js';
import { DomainError } from '../../../kernel/domain-error.js';
import type { FieldError } from '../../../kernel/domain-error.js';
import { visibilityOf } from '../../../kernel/principal.js';
import type { Principal, Visibility } from '../../../kernel/principal.js';
import { sha256 } from '../../../platform/crypto/hash.js';
import { addRows, placeholders } from '../../../platform/database/rows.js';
import { isUniqueViolation } from '../../../platform/database/unique-violation.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { readInstant } from '../../../platform/time/local-time.js';
import { AgentFacts } from '../../agents/agent-facts.contract.js';
import { Organizations } from '../../organizations/organizations.contract.js';
import { isDate } from '../report/is-date.js';
import type { PushedFigureView, ReportQueryDto } from '../report/report.dto.js';
import { PushedRows } from './pushed-rows.js';
import type { PushedRow } from './pushed-rows.js';
import { readPushed } from './read-pushed.js';
import type { PushView, PushedFigureDto } from './push.dto.js';

type Figure = PushedFigureDto & { hash: string };

const COLUMNS = ['organization_id', 'type', 'dimension_hash', 'dimension', 'date', 'agent_id', 'department', 'channel', 'metrics', 'pushed_at'] as const;
const MAX_TRIES = 5;
/** Named by a report at the most. */
const MAX_LISTED = 10_000;

/** Figures that others have counted, as they were pushed. */
@Injectable()
export class PushedFigures {
  constructor(
    private readonly organizations: Organizations,
    private readonly agents: AgentFacts,
    private readonly rows: PushedRows,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** One figure or an array of them, of what the caller sees: all are stored, or none. */
  async push(principal: Principal, body: unknown): Promise<PushView> {
    const { organizationId } = principal;
    const figures = readPushed(body);
    await this.assertSeen(principal, figures);
    const { time_zone } = (await this.organizations.find(organizationId))!;
    const errors: FieldError[] = [];
    const byHash = new Map<string, Figure>();
    for (const [index, figure] of figures.entries()) {
      const dimension = withDay(figure.dimension, time_zone);
      if (dimension === null) {
        const path = Array.isArray(body) ? `[${index}].` : '';
        errors.push({ field: `${path}dimension.date`, code: 'is_date', message: 'date must be a day such as 2026-03-01, or an instant' });
        continue;
      }
      const members = Object.entries(dimension).toSorted(([a], [b]) => (a < b ? -1 : 1));
      const hash = sha256(JSON.stringify(members));
      byHash.set(`${figure.type} ${hash}`, { ...figure, dimension: Object.fromEntries(members) as PushedFigureDto['dimension'], hash });
    }
    if (errors.length > 0) throw new DomainError('invalid', 'request.invalid', 'The request has invalid fields.', { errors });
    await this.unitOfWork.run(() => this.store(organizationId, [...byHash.values()]));
    return { stored: byHash.size };
  }

  /** Those for the days and filters of a report that the caller may see. */
  async list(principal: Principal, query: ReportQueryDto): Promise<PushedFigureView[]> {
    const visibility = visibilityOf(principal);
    const departments = await this.agents.departments(principal.organizationId);
    const filters = (['agent_id', 'department', 'channel', 'category'] as const).filter((name) => query[name] !== undefined);
    // One that is pushed again between two steps comes once more.
    const found = new Map<string, PushedFigureView>();
    for await (const rows of this.rows.inSteps(principal.organizationId, visibility, query)) {
      for (const row of rows) {
        if (!mayBeSeen(visibility, row, departments)) continue;
        const dimension = JSON.parse(row.dimension) as PushedFigureView['dimension'];
        if (!filters.every((name) => dimension[name] === query[name])) continue;
        found.set(row.dimension_hash, { dimension, metrics: JSON.parse(row.metrics) as PushedFigureView['metrics'], pushed_at: toInstant(Number(row.pushed_at)) });
        if (found.size === MAX_LISTED) return [...found.values()];
      }
    }
    return [...found.values()];
  }

  private async assertSeen(principal: Principal, figures: readonly PushedFigureDto[]): Promise<void> {
    const visibility = visibilityOf(principal);
    const departments = await this.agents.departments(principal.organizationId);
    const hidden = figures.findIndex(({ dimension: { agent_id = null, department = null, channel = null } }) => !mayBeSeen(visibility, { agent_id, department, channel }, departments));
    if (hidden >= 0) throw new DomainError('forbidden', 'statistics.data_scope_exceeded', `The figure [${hidden}] is of more than this credential sees: name a department, a channel or an agent that it may see.`);
  }

  /** Two who push the same at once: the later one replaces what the earlier has written, when that is committed. */
  private async store(organizationId: string, figures: readonly Figure[]): Promise<void> {
    if (figures.length === 0) return;
    const now = this.clock.now();
    const rows = figures
      .map(({ type, hash, dimension, metrics }) => [
        organizationId, type, hash, JSON.stringify(dimension), dimension.date ?? '', dimension.agent_id ?? null, dimension.department ?? null,
        dimension.channel ?? null, JSON.stringify(metrics), now,
      ])
      .toSorted((a, b) => (`${String(a[1])} ${String(a[2])}` < `${String(b[1])} ${String(b[2])}` ? -1 : 1));
    for (let attempt = 1; ; attempt++) {
      try {
        for (const type of new Set(figures.map((figure) => figure.type))) {
          const hashes = figures.filter((figure) => figure.type === type).map(({ hash }) => hash);
          await this.unitOfWork.write(
            `DELETE FROM statistics_pushed WHERE organization_id = ? AND type = ? AND dimension_hash IN (${placeholders(hashes.length)})`,
            [organizationId, type, ...hashes],
          );
        }
        await addRows(this.unitOfWork, 'statistics_pushed', COLUMNS, rows);
        // On MySQL both have only been noted until now.
        await this.unitOfWork.query('SELECT 1');
        return;
      } catch (error) {
        if (!isUniqueViolation(error) || attempt === MAX_TRIES) throw error;
      }
    }
  }
}

/** The day as the organization's time zone has it; null when there is no such day. */
function withDay(dimension: PushedFigureDto['dimension'], timeZone: string): PushedFigureDto['dimension'] | null {
  if (dimension.date === undefined) return dimension;
  if (isDate(dimension.date)) return dimension;
  const at = readInstant(dimension.date, timeZone);
  const date = at === null ? null : DateTime.fromMillis(at, { zone: timeZone }).toISODate();
  return isDate(date) ? { ...dimension, date } : null;
}

/** As for what is counted here; a figure that names an agent and no department is of that agent's. */
function mayBeSeen(visibility: Visibility, { agent_id, department, channel }: Pick<PushedRow, 'agent_id' | 'department' | 'channel'>, departments: ReadonlyMap<string, string | null>): boolean {
  const of = department ?? (agent_id === null ? null : (departments.get(agent_id) ?? null));
  if (visibility.kind === 'own' && agent_id !== visibility.agentId) return false;
  if (visibility.kind === 'department' && (of === null || of !== visibility.department)) return false;
  const { within } = visibility;
  const allows = (values: readonly string[], value: string | null): boolean => values.length === 0 || (value !== null && values.includes(value));
  return within === undefined || (allows(within.departments, of) && allows(within.channels, channel) && allows(within.agentIds, agent_id));
}
