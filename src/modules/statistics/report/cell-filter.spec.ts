import { describe, expect, it } from 'vitest';
import { mayBeSeen } from '../../../kernel/principal.js';
import type { Visibility } from '../../../kernel/principal.js';
import { NO_LABELS } from '../cells/cell.js';
import type { Labels } from '../cells/cell.js';
import { filterFor } from './cell-filter.js';
import type { CellFilter } from './cell-filter.js';

const lets = (filter: CellFilter, labels: Labels): boolean => [...filter].every(([label, conditions]) => conditions.every((condition) => condition(labels[label])));

const within = { departments: ['support'], channels: ['web'], agentIds: ['a', 'b'] };
const VISIBILITIES: Visibility[] = [
  { kind: 'all' }, { kind: 'department', agentId: 'supervisor', department: 'support' }, { kind: 'department', agentId: 'supervisor', department: null }, { kind: 'own', agentId: 'a', department: 'support' },
  { kind: 'all', within }, { kind: 'department', agentId: 'supervisor', department: 'billing', within }, { kind: 'own', agentId: 'c', department: null, within },
  { kind: 'all', within: { departments: [], channels: ['web', 'app'], agentIds: [] } },
];
const CELLS: Labels[] = ['a', 'b', 'c', null].flatMap((agent) => ['support', 'billing', null].flatMap((department) => ['web', 'app', null].map((channel) => ({ ...NO_LABELS, agent, department, channel }))));

describe('the filter of cells', () => {
  it.each(VISIBILITIES)('shows of conversations what the kernel shows of those that wait for nobody: %o', (visibility) => {
    const filter = filterFor('conversation', visibility, {});
    for (const labels of CELLS) {
      const { agent, department, channel } = labels;
      expect(lets(filter, labels), JSON.stringify(labels)).toBe(mayBeSeen(visibility, { agentId: agent, department, channel, queued: false }));
    }
  });

  it('takes the time of agents for no channel, and keeps it to departments and agents', () => {
    const filter = filterFor('presence', { kind: 'all', within }, {});
    expect([
      lets(filter, { ...NO_LABELS, agent: 'a', department: 'support' }),
      lets(filter, { ...NO_LABELS, agent: 'c', department: 'support' }),
      lets(filter, { ...NO_LABELS, agent: 'a', department: 'billing' }),
    ]).toEqual([true, false, false]);
  });

  it('lets through what is asked for, within what may be seen', () => {
    const filter = filterFor('message', { kind: 'department', agentId: 'supervisor', department: 'support' }, { department: 'billing', channel: 'web' });
    expect(CELLS.filter((labels) => lets(filter, labels))).toEqual([]);
    const own = filterFor('message', { kind: 'department', agentId: 'supervisor', department: 'support' }, { channel: 'web' });
    expect(CELLS.filter((labels) => lets(own, labels)).map(({ department, channel }) => [department, channel])).toEqual(Array.from({ length: 4 }, () => ['support', 'web']));
  });
});
