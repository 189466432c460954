import { describe, expect, it } from 'vitest';
import type { RoutingCandidate } from '../../agents/agents.contract.js';
import { chooseAgent } from './choose-agent.js';

const anAgent = (id: string, over: Partial<RoutingCandidate> = {}): RoutingCandidate => ({
  id, department: null, skills: [], freeCapacity: 5, activeConversations: 0, idleSince: 0, ...over,
});
const anyone = { department: null, skills: [] };

describe('chooseAgent', () => {
  it('takes the least loaded', () => {
    expect(chooseAgent([anAgent('a', { activeConversations: 2 }), anAgent('b', { activeConversations: 1 })], anyone)?.id).toBe('b');
  });

  it('takes the longest idle among equals', () => {
    expect(chooseAgent([anAgent('a', { idleSince: 9 }), anAgent('b', { idleSince: 3 })], anyone)?.id).toBe('b');
  });

  it('never takes one without room', () => {
    expect(chooseAgent([anAgent('a', { freeCapacity: 0 })], anyone)).toBeNull();
  });

  it('keeps to the department and to all skills', () => {
    const agents = [
      anAgent('other', { department: 'sales', skills: ['french', 'billing'] }),
      anAgent('half', { department: 'support', skills: ['french'] }),
      anAgent('right', { department: 'support', skills: ['french', 'billing'], activeConversations: 4 }),
    ];
    expect(chooseAgent(agents, { department: 'support', skills: ['french', 'billing'] })?.id).toBe('right');
  });

  it('takes who let the conversation wait only where there is no other', () => {
    const agents = [anAgent('slow'), anAgent('busy', { activeConversations: 4 })];
    expect(chooseAgent(agents, { ...anyone, avoids: 'slow' })?.id).toBe('busy');
    expect(chooseAgent([agents[0]!, anAgent('full', { freeCapacity: 0 })], { ...anyone, avoids: 'slow' })?.id).toBe('slow');
  });
});
