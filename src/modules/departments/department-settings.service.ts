import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../../platform/database/unit-of-work.js';
import type { BusinessHoursEntity } from './business-hours.entity.js';
import { BusinessHoursRepository } from './business-hours.repository.js';
import { toOpeningHours } from './business-hours.view.js';
import type { DepartmentEntity } from './department.entity.js';
import { Departments } from './departments.contract.js';
import type { ClosedDepartments, DepartmentSettings, InactivityRule, OffHoursAction } from './departments.contract.js';
import { DepartmentsRepository } from './departments.repository.js';
import { isOpenAt, openMsBetween } from './domain/opening-hours.js';
import type { OpeningHours } from './domain/opening-hours.js';

interface Settings extends DepartmentSettings {
  /** Null for always open. */
  hours: OpeningHours | null;
}

interface OrganizationSettings {
  byName: ReadonlyMap<string, Settings>;
  /** For all other departments, and none. */
  others: Settings;
}

const NOTHING_ASKED: Settings = { skills: [], offHours: 'queue', assignmentTimeoutMs: null, inactivityCloseMs: null, hours: null };

@Injectable()
export class DepartmentSettingsService extends Departments {
  constructor(
    private readonly departments: DepartmentsRepository,
    private readonly hours: BusinessHoursRepository,
    private readonly unitOfWork: UnitOfWork,
  ) {
    super();
  }

  async settingsOf(organizationId: string, department: string | null): Promise<DepartmentSettings> {
    return this.find(organizationId, department);
  }

  async isOpen(organizationId: string, department: string | null, atMs: number): Promise<boolean> {
    const { hours } = await this.find(organizationId, department);
    return hours === null || isOpenAt(hours, atMs);
  }

  async closedAt(organizationId: string, atMs: number): Promise<ClosedDepartments> {
    const { byName, others } = await this.all(organizationId);
    const isClosed = ({ hours }: Settings): boolean => hours !== null && !isOpenAt(hours, atMs);
    return {
      closed: [...byName].filter(([, settings]) => isClosed(settings)).map(([name]) => name),
      known: [...byName.keys()],
      others: isClosed(others),
    };
  }

  async businessMsBetween(organizationId: string, department: string | null, fromMs: number, toMs: number): Promise<number> {
    const { hours } = await this.find(organizationId, department);
    return hours === null ? Math.max(0, toMs - fromMs) : openMsBetween(hours, fromMs, toMs);
  }

  async offHoursAction(organizationId: string, department: string | null): Promise<OffHoursAction> {
    return (await this.find(organizationId, department)).offHours;
  }

  async inactivityRules(): Promise<InactivityRule[]> {
    const rules: InactivityRule[] = [];
    for (const organizationId of await this.departments.organizationsThatClose()) {
      const { byName, others } = await this.read(organizationId);
      for (const [department, { inactivityCloseMs }] of byName) {
        if (inactivityCloseMs !== null) rules.push({ organizationId, afterMs: inactivityCloseMs, department });
      }
      if (others.inactivityCloseMs !== null) rules.push({ organizationId, afterMs: others.inactivityCloseMs, department: { others: [...byName.keys()] } });
    }
    return rules;
  }

  private async find(organizationId: string, department: string | null): Promise<Settings> {
    const { byName, others } = await this.all(organizationId);
    return (department === null ? undefined : byName.get(department)) ?? others;
  }

  private all(organizationId: string): Promise<OrganizationSettings> {
    if (!this.unitOfWork.isOpen) return this.read(organizationId);
    return this.unitOfWork.scoped(`departments of ${organizationId}`, () => this.read(organizationId));
  }

  private async read(organizationId: string): Promise<OrganizationSettings> {
    const departments = await this.departments.all(organizationId);
    const hours = departments.some(({ business_hours_id }) => business_hours_id !== null) ? await this.hours.all(organizationId) : [];
    const settings = departments.map((department) => [department, toSettings(department, hours)] as const);
    return {
      byName: new Map(settings.map(([{ name }, of]) => [name, of])),
      others: settings.find(([{ default_of }]) => default_of !== null)?.[1] ?? NOTHING_ASKED,
    };
  }
}

function toSettings(department: DepartmentEntity, known: readonly BusinessHoursEntity[]): Settings {
  const hours = known.find(({ id }) => id === department.business_hours_id);
  return {
    skills: department.skills,
    offHours: department.off_hours,
    assignmentTimeoutMs: toMs(department.assignment_timeout_seconds),
    inactivityCloseMs: toMs(department.inactivity_close_seconds),
    hours: hours === undefined ? null : toOpeningHours(hours),
  };
}

function toMs(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}
