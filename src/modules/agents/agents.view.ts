import { toInstant } from '../../kernel/clock.js';
import type { AgentEntity } from './agent.entity.js';
import type { AgentView } from './agents.dto.js';

export function toAgentView(agent: AgentEntity): AgentView {
  return {
    id: agent.id,
    username: agent.username,
    nickname: agent.nickname,
    email: agent.email,
    mobile: agent.mobile,
    avatar_url: agent.avatar_url,
    role: agent.role,
    department: agent.department,
    skills: agent.skills,
    max_conversations: agent.max_conversations,
    status: agent.status,
    enabled: agent.enabled,
    created_at: toInstant(agent.created_at),
    updated_at: toInstant(agent.updated_at),
  };
}
