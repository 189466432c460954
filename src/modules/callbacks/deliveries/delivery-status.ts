export const DELIVERY_STATUSES = ['pending', 'delivering', 'succeeded', 'failed', 'exhausted', 'discarded'] as const;

/** `failed` will be tried again; `exhausted` and `discarded` will not. */
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number];
