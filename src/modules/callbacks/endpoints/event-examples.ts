import type { EventType } from '../../../kernel/domain-event.js';

/** The data of an example of each event, as docs/events.md shows it. Made by npm run docs; changes made here are lost. */
export const EVENT_EXAMPLES: Readonly<Record<EventType, Record<string, unknown>>> = {
  "conversation.created": {
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "status": "open",
    "channel": "web",
    "department": "support",
    "category": "order",
    "subject": "Where is my parcel?",
    "priority": "normal",
    "tags": [
      "parcel"
    ],
    "metadata": {}
  },
  "conversation.assigned": {
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t601",
    "status": "open",
    "channel": "web",
    "department": "support",
    "category": "order",
    "subject": "Where is my parcel?",
    "priority": "high",
    "tags": [
      "parcel"
    ],
    "metadata": {},
    "previous_status": "open",
    "previous_agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
  },
  "conversation.updated": {
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "status": "pending",
    "channel": "web",
    "department": "support",
    "category": "order",
    "subject": "Where is my parcel?",
    "priority": "high",
    "tags": [
      "parcel"
    ],
    "metadata": {},
    "previous_status": "open",
    "previous_agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "changed": [
      "priority",
      "status"
    ]
  },
  "conversation.closed": {
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "status": "closed",
    "channel": "web",
    "department": "support",
    "category": "order",
    "subject": "Where is my parcel?",
    "priority": "high",
    "tags": [
      "parcel"
    ],
    "metadata": {},
    "previous_status": "pending",
    "previous_agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "closed_by": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "message_count": 3
  },
  "conversation.reopened": {
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "status": "open",
    "channel": "web",
    "department": "support",
    "category": "order",
    "subject": "Where is my parcel?",
    "priority": "high",
    "tags": [
      "parcel"
    ],
    "metadata": {},
    "previous_status": "closed",
    "previous_agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
  },
  "message.received": {
    "message_id": "msg_01k5x6j3q8v4m2n7p9r1s5t600",
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "sender": {
      "type": "visitor",
      "id": "vis_01k5x6j3q8v4m2n7p9r1s5t600"
    },
    "type": "text",
    "content": "Where is my parcel?",
    "metadata": {
      "source": "app"
    },
    "client_msg_no": "a7f3-0001",
    "number": 1,
    "seq": 1,
    "status": "sent",
    "created_at": "2026-03-01T09:30:35.000Z",
    "edited_at": null,
    "deleted_at": null,
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
  },
  "message.sent": {
    "message_id": "msg_01k5x6j3q8v4m2n7p9r1s5t601",
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "sender": {
      "type": "agent",
      "id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
    },
    "type": "text",
    "content": "It left us yesterday.",
    "metadata": {},
    "client_msg_no": null,
    "number": 2,
    "seq": 2,
    "status": "sent",
    "created_at": "2026-03-01T09:30:40.000Z",
    "edited_at": null,
    "deleted_at": null,
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
  },
  "message.updated": {
    "message_id": "msg_01k5x6j3q8v4m2n7p9r1s5t601",
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "sender": {
      "type": "agent",
      "id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
    },
    "type": "text",
    "content": "It left us on Friday.",
    "metadata": {},
    "client_msg_no": null,
    "number": 2,
    "seq": 2,
    "status": "sent",
    "created_at": "2026-03-01T09:30:40.000Z",
    "edited_at": "2026-03-01T09:30:45.000Z",
    "deleted_at": null,
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
  },
  "message.deleted": {
    "message_id": "msg_01k5x6j3q8v4m2n7p9r1s5t601",
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "sender": {
      "type": "agent",
      "id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
    },
    "type": "text",
    "content": null,
    "metadata": {},
    "client_msg_no": null,
    "number": 2,
    "seq": 2,
    "status": "sent",
    "created_at": "2026-03-01T09:30:40.000Z",
    "edited_at": "2026-03-01T09:30:45.000Z",
    "deleted_at": "2026-03-01T09:30:50.000Z",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
  },
  "agent.created": {
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent": {
      "id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
      "username": "li.wei",
      "nickname": "Li Wei",
      "email": "li.wei@example.com",
      "mobile": "13800138000",
      "avatar_url": null,
      "role": "agent",
      "department": "support",
      "skills": [
        "billing"
      ],
      "max_conversations": 10,
      "status": "offline",
      "enabled": true,
      "created_at": "2026-03-01T09:30:00.000Z",
      "updated_at": "2026-03-01T09:30:00.000Z"
    }
  },
  "agent.updated": {
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "changed": [
      "skills",
      "max_conversations"
    ],
    "agent": {
      "id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
      "username": "li.wei",
      "nickname": "Li Wei",
      "email": "li.wei@example.com",
      "mobile": "13800138000",
      "avatar_url": null,
      "role": "agent",
      "department": "support",
      "skills": [
        "billing",
        "refunds"
      ],
      "max_conversations": 5,
      "status": "online",
      "enabled": true,
      "created_at": "2026-03-01T09:30:00.000Z",
      "updated_at": "2026-03-01T09:30:15.000Z"
    }
  },
  "agent.deleted": {
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t601",
    "username": "max"
  },
  "agent.status_changed": {
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "status": "online",
    "previous_status": "offline"
  },
  "visitor.created": {
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "visitor": {
      "id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
      "external_id": "customer-4711",
      "name": "张三",
      "email": "zhang.san@example.com",
      "mobile": null,
      "avatar_url": null,
      "language": "zh-CN",
      "visitor_type": null,
      "tags": [
        "vip"
      ],
      "metadata": {},
      "customer_id": null,
      "push_info": null,
      "my_data": null,
      "online": false,
      "last_seen_at": null,
      "created_at": "2026-03-01T09:30:20.000Z",
      "updated_at": "2026-03-01T09:30:20.000Z"
    }
  },
  "visitor.updated": {
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "changed": [
      "metadata",
      "customer_id"
    ],
    "visitor": {
      "id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
      "external_id": "customer-4711",
      "name": "张三",
      "email": "zhang.san@example.com",
      "mobile": null,
      "avatar_url": null,
      "language": "zh-CN",
      "visitor_type": null,
      "tags": [
        "vip"
      ],
      "metadata": {
        "plan": "gold"
      },
      "customer_id": "C-1001",
      "push_info": null,
      "my_data": null,
      "online": false,
      "last_seen_at": null,
      "created_at": "2026-03-01T09:30:20.000Z",
      "updated_at": "2026-03-01T09:30:25.000Z"
    }
  },
  "callback.disabled": {
    "callback_id": "cbk_01k5x6j3q8v4m2n7p9r1s5t601",
    "url": "https://receiver.example.com/gone",
    "reason": "gone"
  },
  "callback.exhausted": {
    "callback_id": "cbk_01k5x6j3q8v4m2n7p9r1s5t600",
    "delivery_id": "dlv_01k5x6j3q8v4m2n7p9r1s5t600",
    "event_id": "evt_01k5x6j3q8v4m2n7p9r1s5t60s",
    "event": "agent.status_changed",
    "attempt_count": 1,
    "last_status_code": 500
  }
};
