import { toInstant } from '../../kernel/clock.js';
import type { BusinessHoursEntity } from './business-hours.entity.js';
import type { BusinessHoursView } from './business-hours.dto.js';
import { isOpenAt } from './domain/opening-hours.js';
import type { OpeningHours } from './domain/opening-hours.js';

export function toOpeningHours({ time_zone, weekly, holidays }: Pick<BusinessHoursEntity, 'time_zone' | 'weekly' | 'holidays'>): OpeningHours {
  return { timeZone: time_zone, weekly, holidays };
}

export function toBusinessHoursView(hours: BusinessHoursEntity, now: number): BusinessHoursView {
  return {
    id: hours.id,
    name: hours.name,
    time_zone: hours.time_zone,
    weekly: hours.weekly,
    holidays: hours.holidays,
    open: isOpenAt(toOpeningHours(hours), now),
    created_at: toInstant(hours.created_at),
    updated_at: toInstant(hours.updated_at),
  };
}
