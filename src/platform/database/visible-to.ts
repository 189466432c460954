import type { DataScope, Visibility } from '../../kernel/principal.js';

/** Where a table says what data permission depends on: SQL expressions. */
export interface VisibilityColumns {
  agentId: string;
  department: string;
  channel: string;
  /** A condition: true for what waits for an agent. */
  queued: string;
  /** Where a table says whose visitor's it is; without it visitors see nothing of the table. */
  visitorId?: string;
}

export interface Condition {
  sql: string;
  parameters: Record<string, unknown>;
}

const NOTHING: Condition = { sql: '1 = 0', parameters: {} };

/** The WHERE condition that says the same as `mayBeSeen` of the kernel; null when there is nothing to hide. */
export function visibleTo(visibility: Visibility, columns: VisibilityColumns): Condition | null {
  const conditions = [roleCondition(visibility, columns), ...scopeConditions(visibility.within, columns)].filter((each) => each !== null);
  if (conditions.length === 0) return null;
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(' AND ')})`,
    parameters: Object.assign({}, ...conditions.map(({ parameters }) => parameters)) as Record<string, unknown>,
  };
}

function roleCondition(visibility: Visibility, { agentId, department, queued, visitorId }: VisibilityColumns): Condition | null {
  if (visibility.kind === 'all') return null;
  if (visibility.kind === 'visitor') return visitorId === undefined ? NOTHING : { sql: `${visitorId} = :viewer`, parameters: { viewer: visibility.visitorId } };
  const parameters = { viewerDepartment: visibility.department, viewer: visibility.agentId };
  if (visibility.kind === 'department') {
    const within = visibility.department === null ? `${department} IS NULL` : `${department} = :viewerDepartment`;
    return { sql: `(${agentId} = :viewer OR ${within})`, parameters };
  }
  return { sql: `(${agentId} = :viewer OR (${queued} AND (${department} IS NULL OR ${department} = :viewerDepartment)))`, parameters };
}

function scopeConditions(scope: DataScope | undefined, { agentId, department, channel }: VisibilityColumns): (Condition | null)[] {
  if (scope === undefined) return [];
  return [
    among(department, 'scopeDepartments', scope.departments),
    among(channel, 'scopeChannels', scope.channels),
    among(agentId, 'scopeAgents', scope.agentIds),
  ];
}

function among(column: string, name: string, values: readonly string[]): Condition | null {
  return values.length === 0 ? null : { sql: `${column} IN (:...${name})`, parameters: { [name]: values } };
}
