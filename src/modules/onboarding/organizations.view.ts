import { toInstant } from '../../kernel/clock.js';
import type { Organization } from '../organizations/organizations.contract.js';
import type { OrganizationView } from './onboarding.dto.js';

export function toOrganizationView({ id, slug, name, time_zone, closed_at, created_at, updated_at }: Organization): OrganizationView {
  return { id, slug, name, time_zone, closed_at: toInstant(closed_at), created_at: toInstant(created_at), updated_at: toInstant(updated_at) };
}
