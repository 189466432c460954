import { describe, expect, it } from 'vitest';
import type { EventSubject } from '../../kernel/domain-event.js';
import { isVisibleTo, visibilityOf } from '../../kernel/principal.js';
import type { AgentRole, Principal } from '../../kernel/principal.js';
import { roomsFor, roomsOf } from './rooms.js';

const DEPARTMENTS = [null, '', 'support', 'sales'];

function principals(): Principal[] {
  const base = { organizationId: 'org_1', scopes: new Set(['*']), operator: false };
  const agents = (['agent', 'supervisor', 'admin'] as AgentRole[]).flatMap((role) =>
    DEPARTMENTS.flatMap((department) => ['agt_1', 'agt_2'].map((id) => ({ ...base, kind: 'agent' as const, id, agent: { role, department } }))),
  );
  const callers = [...agents, { ...base, kind: 'api_key' as const, id: 'key_1', agent: null }];
  return callers.flatMap((caller) => applications().map((application) => ({ ...caller, application })));
}

function applications(): Principal['application'][] {
  const scopes = [[], ['support'], ['support', 'sales']].flatMap((departments) =>
    [[], ['web'], ['email', 'web']].flatMap((channels) => [[], ['agt_1'], ['agt_1', 'agt_2']].map((agentIds) => ({ departments, channels, agentIds }))),
  );
  return [null, ...scopes.map((dataScope) => ({ id: 'app_1', dataScope, rateLimit: null, ipAllowlist: [] }))];
}

function subjects(): EventSubject[] {
  return DEPARTMENTS.flatMap((department) =>
    [null, 'agt_1', 'agt_2'].flatMap((agentId) =>
      [true, false].flatMap((queued) =>
        [true, false].flatMap((shared) =>
          [null, 'web', 'email', '*'].map((channel) => ({ conversationId: 'cnv_1', channel, department, agentId, queued, shared })),
        ),
      ),
    ),
  );
}

describe('rooms', () => {
  it('carry to everyone just what data permission lets them see', () => {
    for (const principal of principals()) {
      const joined = new Set(roomsOf(principal));
      for (const subject of subjects()) {
        const reached = roomsFor('org_1', subject).some((room) => joined.has(room));
        expect({ principal, subject, reached }).toEqual({ principal, subject, reached: isVisibleTo(visibilityOf(principal), subject) });
      }
    }
  });

  it('never cross organizations', () => {
    for (const principal of principals()) {
      const joined = new Set(roomsOf(principal));
      for (const subject of subjects()) expect(roomsFor('org_2', subject).some((room) => joined.has(room))).toBe(false);
    }
  });
});
