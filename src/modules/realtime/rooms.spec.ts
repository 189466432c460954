import { describe, expect, it } from 'vitest';
import type { EventSubject } from '../../kernel/domain-event.js';
import { isVisibleTo, visibilityOf } from '../../kernel/principal.js';
import type { AgentRole, Principal } from '../../kernel/principal.js';
import { conversationRoomsFor, conversationRoomsOf, conversationsIn, roomsFor, roomsOf } from './rooms.js';

const DEPARTMENTS = [null, '', 'support', 'sales'];

function principals(): Principal[] {
  const base = { organizationId: 'org_1', scopes: new Set(['*']), operator: false };
  const agents = (['agent', 'supervisor', 'admin'] as AgentRole[]).flatMap((role) =>
    DEPARTMENTS.flatMap((department) => ['agt_1', 'agt_2'].map((id) => ({ ...base, kind: 'agent' as const, id, agent: { role, department } }))),
  );
  const visitor = { ...base, kind: 'visitor' as const, id: 'vis_1', agent: null };
  const callers = [...agents, visitor, { ...base, kind: 'api_key' as const, id: 'key_1', agent: null }];
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
    const wrong: object[] = [];
    for (const principal of principals()) {
      const joined = new Set(roomsOf(principal));
      for (const subject of subjects()) {
        const reached = roomsFor('org_1', subject).some((room) => joined.has(room));
        if (reached !== isVisibleTo(visibilityOf(principal), subject)) wrong.push({ principal, subject, reached });
      }
    }
    expect(wrong).toEqual([]);
  });

  it('of one conversation carry of it just what data permission lets its subscribers see', () => {
    const [one, other] = ['cnv_01k5x6j3q8v4m2n7p9r1s5t6w0', 'cnv_01k5x6j3q8v4m2n7p9r1s5t6w1'] as const;
    const wrong: object[] = [];
    for (const principal of principals()) {
      const joined = new Set(conversationRoomsOf(principal, one));
      expect(conversationsIn([...joined, ...roomsOf(principal), 'socket-id'])).toEqual([one]);
      for (const subject of subjects().filter(({ shared }) => !shared)) {
        const reaches = (conversationId: string): boolean => conversationRoomsFor('org_1', { ...subject, conversationId }).some((room) => joined.has(room));
        if (reaches(one) !== isVisibleTo(visibilityOf(principal), subject) || reaches(other)) wrong.push({ principal, subject });
      }
    }
    expect(wrong).toEqual([]);
  });

  it('never cross organizations', () => {
    for (const principal of principals()) {
      const joined = new Set(roomsOf(principal));
      for (const subject of subjects()) expect(roomsFor('org_2', subject).some((room) => joined.has(room))).toBe(false);
    }
  });
});
