import { expect } from 'vitest';
import { UnitOfWork } from '../../src/platform/database/unit-of-work.js';
import type { CallbackDesk } from './callback-desk.js';
import { anEndpoint, created } from './desk.js';
import type { Resource } from './desk.js';
import type { Answer } from './start-test-app.js';
import { storeEvents } from './stored-events.js';

const DAY_MS = 86_400_000;

/** What tests of recoveries do at a desk, whose caller and organization change from test to test. */
export function recoveriesAt(desk: CallbackDesk) {
  const instant = (ms: number): string => new Date(ms).toISOString();
  const longAgo = (): string => instant(desk.clock.now() - DAY_MS);
  const recover = (endpoint: Resource, input: Record<string, unknown> = {}, by = desk.api): Promise<Answer> => by.post(`/callbacks/${endpoint.id}/recover`, { since: longAgo(), ...input });
  const recoveryOf = async (endpoint: Resource, id: string): Promise<Resource> => (await desk.api.get(`/callbacks/${endpoint.id}/recoveries/${id}`)).body;
  return {
    instant,
    recover,
    recoveryOf,
    endpointFor: (over: Record<string, unknown> = {}, by = desk.api): Promise<Resource> => anEndpoint(by, desk.sink.url, { events: ['visitor.created'], ...over }),
    /** Begins one and waits for its end and for what it planned. */
    recovered: async (endpoint: Resource, input: Record<string, unknown> = {}): Promise<Resource> => {
      const { status, body, text } = await recover(endpoint, input);
      expect(`${status} ${status === 202 ? '' : text}`).toBe('202 ');
      await desk.cluster.settle();
      return recoveryOf(endpoint, body.id);
    },
    /** One after the other, at the instances in turn; answers their ids. */
    visitors: async (count: number): Promise<string[]> => {
      const ids: string[] = [];
      for (let index = 0; index < count; index++) ids.push((await created(desk.on(index).post('/visitors', {}))).id);
      return ids;
    },
    receivedVisitors: (): string[] => desk.sink.received.map(({ body }) => body.data.visitor_id),
    store: (instants: number[], type?: string): Promise<string[]> => storeEvents(desk.cluster.a.app.get(UnitOfWork), desk.organization.id, instants, type),
  };
}
