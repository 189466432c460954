import { describe, expect, it } from 'vitest';
import type { ApplicationGrant, DataScope, Principal } from '../../../kernel/principal.js';
import { creatorOf, managedBy } from './endpoint-creator.js';

const SUPPORT: DataScope = { departments: ['support'], channels: [], agentIds: [] };
const EVERYTHING: DataScope = { departments: [], channels: [], agentIds: [] };

const application = (dataScope: DataScope | null): ApplicationGrant => ({ id: 'app_1', dataScope, rateLimit: null, ipAllowlist: [] });
const caller = (over: Partial<Principal>): Principal =>
  ({ kind: 'api_key', id: 'key_1', organizationId: 'org_1', scopes: new Set(['*']), operator: false, agent: null, application: null, ...over });
const agent = (role: 'agent' | 'supervisor' | 'admin', grant: ApplicationGrant | null = null): Principal =>
  caller({ kind: 'agent', id: 'agt_1', agent: { role, department: 'support' }, application: grant });

describe('the creator of an endpoint', () => {
  it.each<[string, Principal, object, object]>([
    ['a key of no application', caller({}), { agent_id: null, application_id: null }, {}],
    ['a key of an application that sees all', caller({ application: application(null) }), { agent_id: null, application_id: 'app_1' }, {}],
    ['a key of an application whose scope leaves all open', caller({ application: application(EVERYTHING) }), { agent_id: null, application_id: 'app_1' }, {}],
    ['a key of a confined application', caller({ application: application(SUPPORT) }), { agent_id: null, application_id: 'app_1' }, { application_id: 'app_1' }],
    ['an OAuth client of a confined application', caller({ kind: 'oauth_client', id: 'ocl_1', application: application(SUPPORT) }), { agent_id: null, application_id: 'app_1' }, { application_id: 'app_1' }],
    ['an agent', agent('agent'), { agent_id: 'agt_1', application_id: null }, { agent_id: 'agt_1' }],
    ['a supervisor', agent('supervisor'), { agent_id: 'agt_1', application_id: null }, { agent_id: 'agt_1' }],
    ['an admin', agent('admin'), { agent_id: 'agt_1', application_id: null }, {}],
    ['an agent through an application that sees all', agent('agent', application(null)), { agent_id: 'agt_1', application_id: 'app_1' }, { agent_id: 'agt_1' }],
    ['an agent through a confined application', agent('agent', application(SUPPORT)), { agent_id: 'agt_1', application_id: 'app_1' }, { agent_id: 'agt_1', application_id: 'app_1' }],
    ['an admin through a confined application', agent('admin', application(SUPPORT)), { agent_id: 'agt_1', application_id: 'app_1' }, { application_id: 'app_1' }],
  ])('%s is known, and what it manages', (_, principal, creator, managed) => {
    expect(creatorOf(principal)).toEqual(creator);
    expect(managedBy(principal)).toEqual(managed);
  });
});
