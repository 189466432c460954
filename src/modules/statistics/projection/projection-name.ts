/** Under which the place in the event log is kept. */
export const PROJECTION = 'statistics';
