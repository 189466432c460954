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
    "metadata": {},
    "off_hours": false
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
    "off_hours": false,
    "previous_status": "open",
    "previous_agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
  },
  "conversation.updated": {
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t601",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t603",
    "agent_id": null,
    "status": "queued",
    "channel": "api",
    "department": null,
    "category": null,
    "subject": null,
    "priority": "normal",
    "tags": [],
    "metadata": {},
    "off_hours": false,
    "previous_status": "open",
    "previous_agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "changed": [
      "agent_id",
      "status"
    ],
    "reason": "agent_away"
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
    "off_hours": false,
    "previous_status": "pending",
    "previous_agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "closed_by": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "closed_reason": "ended",
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
    "off_hours": false,
    "previous_status": "closed",
    "previous_agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
  },
  "conversation.transferred": {
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
    "off_hours": false,
    "previous_status": "open",
    "previous_agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t601",
    "previous_department": "support",
    "reason": "Knows this customer"
  },
  "conversation.rated": {
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
    "off_hours": false,
    "rating": 5,
    "comment": "Quick and friendly",
    "previous_rating": null
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
    "created_at": "2026-03-01T09:31:15.000Z",
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
    "created_at": "2026-03-01T09:31:20.000Z",
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
    "status": "delivered",
    "created_at": "2026-03-01T09:31:20.000Z",
    "edited_at": "2026-03-01T09:31:35.000Z",
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
    "status": "delivered",
    "created_at": "2026-03-01T09:31:20.000Z",
    "edited_at": "2026-03-01T09:31:35.000Z",
    "deleted_at": "2026-03-01T09:31:40.000Z",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
  },
  "message.delivered": {
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "reader": {
      "type": "visitor",
      "id": "vis_01k5x6j3q8v4m2n7p9r1s5t600"
    },
    "up_to_seq": 2,
    "unread_count": 1,
    "previous_up_to_seq": 0,
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
  },
  "message.read": {
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "reader": {
      "type": "agent",
      "id": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
    },
    "up_to_seq": 2,
    "unread_count": 0,
    "previous_up_to_seq": 0,
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
  "visitor.online": {
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
      "metadata": {
        "plan": "gold"
      },
      "customer_id": "C-1001",
      "push_info": null,
      "my_data": null,
      "online": true,
      "last_seen_at": "2026-03-01T09:30:35.000Z",
      "created_at": "2026-03-01T09:30:20.000Z",
      "updated_at": "2026-03-01T09:30:25.000Z"
    }
  },
  "visitor.offline": {
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
      "metadata": {
        "plan": "gold"
      },
      "customer_id": "C-1001",
      "push_info": null,
      "my_data": null,
      "online": false,
      "last_seen_at": "2026-03-01T09:30:45.000Z",
      "created_at": "2026-03-01T09:30:20.000Z",
      "updated_at": "2026-03-01T09:30:25.000Z"
    }
  },
  "visitor.tracked": {
    "track_id": "trk_01k5x6j3q8v4m2n7p9r1s5t600",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "url": "https://shop.example.com/parcels/4711",
    "title": "Your parcels",
    "referrer": "https://shop.example.com/",
    "metadata": {},
    "at": "2026-03-01T09:30:40.000Z"
  },
  "visitor.merged": {
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "merged_visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t601",
    "merged_visitor": {
      "id": "vis_01k5x6j3q8v4m2n7p9r1s5t601",
      "external_id": null,
      "name": "Guest",
      "email": null,
      "mobile": "13800138000",
      "avatar_url": null,
      "language": null,
      "visitor_type": null,
      "tags": [],
      "metadata": {},
      "customer_id": null,
      "push_info": null,
      "my_data": null,
      "online": false,
      "last_seen_at": null,
      "created_at": "2026-03-01T09:30:50.000Z",
      "updated_at": "2026-03-01T09:30:50.000Z"
    },
    "visitor": {
      "id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
      "external_id": "customer-4711",
      "name": "张三",
      "email": "zhang.san@example.com",
      "mobile": "13800138000",
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
      "last_seen_at": "2026-03-01T09:30:45.000Z",
      "created_at": "2026-03-01T09:30:20.000Z",
      "updated_at": "2026-03-01T09:30:55.000Z"
    }
  },
  "visitor.deleted": {
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t602"
  },
  "ticket.created": {
    "id": "tkt_01k5x6j3q8v4m2n7p9r1s5t600",
    "ticket_id": "T-2041",
    "title": "Parcel was not delivered",
    "content": "The parcel was left with a neighbour who is not at home.",
    "priority": "normal",
    "category": "parcel",
    "status": "open",
    "handler": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "department": "support",
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "customer_id": "C-1001",
    "due_at": "2026-03-03T17:00:00.000Z",
    "tags": [
      "parcel"
    ],
    "update_time": null,
    "created_at": "2026-03-01T09:33:15.000Z",
    "updated_at": "2026-03-01T09:33:15.000Z",
    "origin": null
  },
  "ticket.updated": {
    "id": "tkt_01k5x6j3q8v4m2n7p9r1s5t600",
    "ticket_id": "T-2041",
    "title": "Parcel was not delivered",
    "content": "The parcel was left with a neighbour who is not at home.",
    "priority": "high",
    "category": "parcel",
    "status": "open",
    "handler": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "agent_id": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "department": "support",
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "customer_id": "C-1001",
    "due_at": "2026-03-03T17:00:00.000Z",
    "tags": [
      "parcel",
      "lost"
    ],
    "update_time": null,
    "created_at": "2026-03-01T09:33:15.000Z",
    "updated_at": "2026-03-01T09:33:20.000Z",
    "origin": null,
    "previous_status": "open",
    "previous_handler": "agt_01k5x6j3q8v4m2n7p9r1s5t600",
    "changed": [
      "priority",
      "tags"
    ]
  },
  "ticket.status_changed": {
    "id": "tkt_01k5x6j3q8v4m2n7p9r1s5t600",
    "ticket_id": "T-2041",
    "title": "Parcel was not delivered",
    "content": "The parcel was left with a neighbour who is not at home.",
    "priority": "high",
    "category": "parcel",
    "status": "processing",
    "handler": "wang.fang",
    "agent_id": null,
    "department": "support",
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "customer_id": "C-1001",
    "due_at": "2026-03-03T17:00:00.000Z",
    "tags": [
      "parcel",
      "lost"
    ],
    "update_time": "2026-03-01T09:29:00.000Z",
    "created_at": "2026-03-01T09:33:15.000Z",
    "updated_at": "2026-03-01T09:33:25.000Z",
    "origin": "app_01k5x6j3q8v4m2n7p9r1s5t600",
    "previous_status": "open",
    "previous_handler": "agt_01k5x6j3q8v4m2n7p9r1s5t600"
  },
  "ticket.commented": {
    "id": "tkt_01k5x6j3q8v4m2n7p9r1s5t600",
    "ticket_id": "T-2041",
    "title": "Parcel was not delivered",
    "content": "The parcel was left with a neighbour who is not at home.",
    "priority": "high",
    "category": "parcel",
    "status": "processing",
    "handler": "wang.fang",
    "agent_id": null,
    "department": "support",
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "customer_id": "C-1001",
    "due_at": "2026-03-03T17:00:00.000Z",
    "tags": [
      "parcel",
      "lost"
    ],
    "update_time": "2026-03-01T09:29:00.000Z",
    "created_at": "2026-03-01T09:33:15.000Z",
    "updated_at": "2026-03-01T09:33:25.000Z",
    "origin": "app_01k5x6j3q8v4m2n7p9r1s5t600",
    "comment": {
      "id": "tcm_01k5x6j3q8v4m2n7p9r1s5t600",
      "content": "Asked the carrier.",
      "author": {
        "type": "application",
        "id": "key_01k5x6j3q8v4m2n7p9r1s5t600",
        "name": null
      },
      "created_at": "2026-03-01T09:33:25.000Z"
    }
  },
  "ticket.deleted": {
    "id": "tkt_01k5x6j3q8v4m2n7p9r1s5t600",
    "ticket_id": "T-2041",
    "title": "Parcel was not delivered",
    "content": "The parcel was left with a neighbour who is not at home.",
    "priority": "high",
    "category": "parcel",
    "status": "processing",
    "handler": "wang.fang",
    "agent_id": null,
    "department": "support",
    "conversation_id": "cnv_01k5x6j3q8v4m2n7p9r1s5t600",
    "visitor_id": "vis_01k5x6j3q8v4m2n7p9r1s5t600",
    "customer_id": "C-1001",
    "due_at": "2026-03-03T17:00:00.000Z",
    "tags": [
      "parcel",
      "lost"
    ],
    "update_time": "2026-03-01T09:29:00.000Z",
    "created_at": "2026-03-01T09:33:15.000Z",
    "updated_at": "2026-03-01T09:33:25.000Z",
    "origin": null
  },
  "customer.created": {
    "customer_id": "C-1001",
    "customer": {
      "id": "cus_01k5x6j3q8v4m2n7p9r1s5t600",
      "customer_id": "C-1001",
      "name": "张三",
      "phone": "13800138000",
      "email": null,
      "level": "VIP",
      "tags": [
        "重要客户"
      ],
      "metadata": {},
      "owner_agent_id": null,
      "created_at": "2026-03-01T09:32:35.000Z",
      "updated_at": "2026-03-01T09:32:35.000Z"
    }
  },
  "customer.updated": {
    "customer_id": "C-1001",
    "changed": [
      "level"
    ],
    "customer": {
      "id": "cus_01k5x6j3q8v4m2n7p9r1s5t600",
      "customer_id": "C-1001",
      "name": "张三",
      "phone": "13800138000",
      "email": null,
      "level": "SVIP",
      "tags": [
        "重要客户"
      ],
      "metadata": {},
      "owner_agent_id": null,
      "created_at": "2026-03-01T09:32:35.000Z",
      "updated_at": "2026-03-01T09:32:40.000Z"
    }
  },
  "customer.deleted": {
    "customer_id": "C-1001"
  },
  "order.created": {
    "order_id": "O-2001",
    "customer_id": "C-1001",
    "order": {
      "id": "ord_01k5x6j3q8v4m2n7p9r1s5t600",
      "order_id": "O-2001",
      "customer_id": "C-1001",
      "amount": "99.90",
      "currency": "CNY",
      "status": "paid",
      "items": [],
      "create_time": "2026-03-01T09:00:00.000Z",
      "created_at": "2026-03-01T09:32:45.000Z",
      "updated_at": "2026-03-01T09:32:45.000Z"
    }
  },
  "order.updated": {
    "order_id": "O-2001",
    "customer_id": "C-1001",
    "changed": [
      "status"
    ],
    "order": {
      "id": "ord_01k5x6j3q8v4m2n7p9r1s5t600",
      "order_id": "O-2001",
      "customer_id": "C-1001",
      "amount": "99.90",
      "currency": "CNY",
      "status": "shipped",
      "items": [],
      "create_time": "2026-03-01T09:00:00.000Z",
      "created_at": "2026-03-01T09:32:45.000Z",
      "updated_at": "2026-03-01T09:32:50.000Z"
    }
  },
  "order.deleted": {
    "order_id": "O-2001",
    "customer_id": "C-1001"
  },
  "callback.disabled": {
    "callback_id": "cbk_01k5x6j3q8v4m2n7p9r1s5t601",
    "url": "https://receiver.example.com/gone",
    "reason": "gone"
  },
  "callback.exhausted": {
    "callback_id": "cbk_01k5x6j3q8v4m2n7p9r1s5t600",
    "delivery_id": "dlv_01k5x6j3q8v4m2n7p9r1s5t600",
    "event_id": "evt_01k5x6j3q8v4m2n7p9r1s5t61n",
    "event": "agent.status_changed",
    "attempt_count": 1,
    "last_status_code": 500
  }
};
