export const SENDERS = ['visitor', 'agent', 'bot', 'system'] as const;
export const MESSAGE_TYPES = ['text', 'image', 'file', 'voice', 'video', 'location', 'link', 'card', 'event'] as const;
export const SCORES = [1, 2, 3, 4, 5] as const;

/**
 * What is counted of each kind of thing; the order is that of the stored values. Times are in milliseconds. A source
 * whose measures change takes a new name, or is rebuilt.
 */
export const MEASURES = {
  /** Each counts in the quarter of an hour in which it began. */
  conversation: [
    'total', 'closed', 'success', 'abandoned', 'transferred', 'transfers', 'off_hours',
    'answered', 'first_response_ms', 'first_response_business_ms', 'assigned', 'wait_ms', 'wait_business_ms',
    'duration_ms', 'handled', 'handling_ms', 'resolution_ms', 'resolution_business_ms',
    ...SCORES.map((score) => `rating_${score}` as const),
  ],
  /** Each counts in the quarter of an hour in which it was sent. */
  message: [...SENDERS.map((sender) => `by_${sender}` as const), ...MESSAGE_TYPES],
  /** Time counts where it was spent. */
  presence: ['online_ms', 'busy_ms', 'away_ms', 'handling_ms', 'occupied_ms'],
  /** Each counts in the quarter of an hour in which it was made. */
  ticket: ['total', 'open', 'processing', 'pending', 'resolved', 'closed', 'overdue', 'solved', 'resolution_ms', 'resolution_business_ms'],
} as const;

export type Source = keyof typeof MEASURES;

/** Where a measure has its place among those of its source. */
export const PLACES: Record<Source, Readonly<Record<string, number>>> = {
  conversation: placesOf(MEASURES.conversation),
  message: placesOf(MEASURES.message),
  presence: placesOf(MEASURES.presence),
  ticket: placesOf(MEASURES.ticket),
};

function placesOf(measures: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(measures.map((measure, place) => [measure, place]));
}

/** Sums by the names of measures; what is not named is 0. */
export function valuesOf<S extends Source>(source: S, sums: Partial<Record<(typeof MEASURES)[S][number], number>>): number[] {
  const named = sums as Record<string, number | undefined>;
  // Clocks differ between instances: what ended before it began took no time.
  return MEASURES[source].map((measure) => Math.max(0, Math.round(named[measure] ?? 0)));
}
