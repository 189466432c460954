import { toInstant } from '../../kernel/clock.js';
import type { BusinessHoursEntity } from './business-hours.entity.js';
import { toOpeningHours } from './business-hours.view.js';
import type { DepartmentEntity } from './department.entity.js';
import type { DepartmentView } from './departments.dto.js';
import { isOpenAt } from './domain/opening-hours.js';

export function toDepartmentView(department: DepartmentEntity, hours: BusinessHoursEntity | null, now: number): DepartmentView {
  return {
    id: department.id,
    name: department.name,
    description: department.description,
    is_default: department.default_of !== null,
    skills: department.skills,
    business_hours_id: department.business_hours_id,
    off_hours: department.off_hours,
    assignment_timeout_seconds: department.assignment_timeout_seconds,
    inactivity_close_seconds: department.inactivity_close_seconds,
    open: hours === null || isOpenAt(toOpeningHours(hours), now),
    created_at: toInstant(department.created_at),
    updated_at: toInstant(department.updated_at),
  };
}
