import type { Visibility } from '../../../kernel/principal.js';
import type { Label } from '../cells/cell.js';
import type { Source } from '../cells/sources.js';

/** Which values of a label are let through; each condition must hold. */
export type CellFilter = Map<Label, ((value: string | null) => boolean)[]>;

export type Wanted = Partial<Record<Label, string>>;

/**
 * What a caller asks for, of what it may see: the same as `mayBeSeen` of the kernel says, label by label, but that a supervisor's
 * figures are its department's, without what it serves itself elsewhere. The time of agents belongs to no channel.
 */
export function filterFor(source: Source, visibility: Visibility, wanted: Wanted): CellFilter {
  const filter: CellFilter = new Map();
  const only = (label: Label, lets: (value: string | null) => boolean): void => void filter.set(label, [...(filter.get(label) ?? []), lets]);
  for (const [label, value] of Object.entries(wanted)) only(label as Label, (found) => found === value);
  if (visibility.kind === 'department') only('department', (department) => department === visibility.department);
  if (visibility.kind === 'own') only('agent', (agent) => agent === visibility.agentId);
  const among = (label: Label, values: readonly string[]): void => {
    if (values.length > 0) only(label, (value) => value !== null && values.includes(value));
  };
  const { within } = visibility;
  if (within === undefined) return filter;
  among('department', within.departments);
  among('agent', within.agentIds);
  if (source !== 'presence') among('channel', within.channels);
  return filter;
}
