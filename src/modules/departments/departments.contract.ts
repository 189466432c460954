export const OFF_HOURS_ACTIONS = ['queue', 'ticket'] as const;
/** What becomes of a conversation that begins outside of business hours: it waits, or becomes a leave-message ticket too. */
export type OffHoursAction = (typeof OFF_HOURS_ACTIONS)[number];

export interface DepartmentSettings {
  /** Skills that each of its conversations asks for, beside those that the conversation itself names. */
  skills: readonly string[];
  offHours: OffHoursAction;
  /** How long an agent has to accept or answer; null for as long as it takes. */
  assignmentTimeoutMs: number | null;
  /** When a conversation in which nothing happens is closed; null for never. */
  inactivityCloseMs: number | null;
}

/** Which departments of an organization are outside of their business hours at a moment. */
export interface ClosedDepartments {
  /** By name, of those that have settings. */
  closed: readonly string[];
  /** All that have settings. */
  known: readonly string[];
  /** Whether the default settings are: they hold for no department and for those that are not known. */
  others: boolean;
}

/**
 * The settings of departments. Agents and conversations name a department by text. One without settings has those of the
 * organization's default department, and so has no department (null); where there is no default, nothing is asked for,
 * it is always open and nothing times out. Inside of a unit of work each reads the settings once.
 */
export abstract class Departments {
  abstract settingsOf(organizationId: string, department: string | null): Promise<DepartmentSettings>;
  /** Whether its business hours include the moment; without business hours always. */
  abstract isOpen(organizationId: string, department: string | null, atMs: number): Promise<boolean>;
  abstract closedAt(organizationId: string, atMs: number): Promise<ClosedDepartments>;
  /** How much of the time between two moments lies within business hours; without business hours all of it, 0 where the second is the earlier one. */
  abstract businessMsBetween(organizationId: string, department: string | null, fromMs: number, toMs: number): Promise<number>;
  abstract offHoursAction(organizationId: string, department: string | null): Promise<OffHoursAction>;
  /** Each set of settings by which conversations are closed when nothing happens in them, with the departments that it holds for. */
  abstract inactivityRules(): Promise<InactivityRule[]>;
}

export interface InactivityRule {
  organizationId: string;
  afterMs: number;
  /** The department that it holds for; `others` for all that are not named, and none. */
  department: string | { others: readonly string[] };
}
