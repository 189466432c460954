import { describe, expect, it } from 'vitest';
import type { DataScope, Principal } from '../../../kernel/principal.js';
import { assertHolds, assertSees, scopesWithin } from './confinement.js';

const NONE: DataScope = { departments: [], channels: [], agentIds: [] };

function aCaller(scopes: string[], dataScope: DataScope | null = null): Principal {
  return {
    kind: 'api_key', id: 'key_1', organizationId: 'org_1', scopes: new Set(scopes), operator: false, agent: null,
    application: { id: 'app_1', dataScope, rateLimit: null, ipAllowlist: [] },
  };
}

describe('the scopes of a credential', () => {
  it.each([
    [['*'], ['*'], ['*']],
    [['*'], ['messages:read'], ['messages:read']],
    [['messages:read'], ['*'], ['messages:read']],
    [['messages:read', 'events:read'], ['events:read', 'crm:read'], ['events:read']],
    [['messages:read'], ['events:read'], []],
  ])('%j under an application with %j are %j', (own, application, both) => {
    expect([...scopesWithin(own, new Set(application))]).toEqual(both);
  });

  it('are given by those who hold them', () => {
    assertHolds(aCaller(['*']), ['*', 'messages:read']);
    assertHolds(aCaller(['messages:read', 'messages:write']), ['messages:read']);
    assertHolds(aCaller([]), []);
    for (const wanted of ['*', 'messages:write']) expect(() => assertHolds(aCaller(['messages:read']), ['messages:read', wanted])).toThrow(wanted);
  });
});

describe('the data that an application sees', () => {
  const support = { ...NONE, departments: ['support', 'sales'] };

  it.each<[DataScope | null, DataScope | null]>([
    [null, null],
    [null, support],
    [NONE, null],
    [support, { ...NONE, departments: ['sales'] }],
    [support, { departments: ['support'], channels: ['web'], agentIds: ['agt_1'] }],
  ])('with %j one manages %j', (own, other) => assertSees(aCaller(['*'], own), other));

  it.each<[DataScope | null, DataScope | null]>([
    [support, null],
    [support, NONE],
    [support, { ...NONE, departments: ['support', 'billing'] }],
    [support, { ...NONE, channels: ['web'] }],
    [{ ...NONE, channels: ['web'] }, support],
    [{ ...NONE, agentIds: ['agt_1'] }, { ...NONE, agentIds: ['agt_2'] }],
  ])('with %j one does not manage %j', (own, other) => {
    expect(() => assertSees(aCaller(['*'], own), other)).toThrow(expect.objectContaining({ code: 'application.data_scope_exceeded' }));
  });

  it('is more than a supervisor or an agent sees', () => {
    for (const role of ['supervisor', 'agent'] as const) {
      const caller: Principal = { ...aCaller(['*']), kind: 'agent', agent: { role, department: 'support' }, application: null };
      expect(() => assertSees(caller, { ...NONE, departments: ['support'] })).toThrow(/more data/);
    }
  });
});
