import type { RoutingCandidate } from '../../agents/agents.contract.js';

export interface Wish {
  department: string | null;
  skills: readonly string[];
  /** The agent who let it wait: taken only where there is no other. */
  avoids?: string | null;
}

/**
 * The agent for a conversation: of its department when it names one, with every skill that it asks for, the least
 * loaded, and among equals the longest idle. Null when none has room.
 */
export function chooseAgent(candidates: readonly RoutingCandidate[], { department, skills, avoids = null }: Wish): RoutingCandidate | null {
  const fitting = candidates.filter(
    (agent) =>
      agent.freeCapacity > 0 &&
      (department === null || agent.department === department) &&
      skills.every((skill) => agent.skills.includes(skill)),
  );
  const last = ({ id }: RoutingCandidate): number => Number(id === avoids);
  fitting.sort((a, b) => last(a) - last(b) || a.activeConversations - b.activeConversations || a.idleSince - b.idleSince || (a.id < b.id ? -1 : 1));
  return fitting[0] ?? null;
}
