/** In their order. */
export const REBUILD_STEPS = ['conversations', 'tickets', 'agents', 'done'] as const;
export type RebuildStep = (typeof REBUILD_STEPS)[number];

export function stepAfter(step: RebuildStep): RebuildStep {
  return REBUILD_STEPS[REBUILD_STEPS.indexOf(step) + 1] ?? 'done';
}
