import { Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import type { EndpointEntity } from '../endpoints/endpoint.entity.js';
import { EndpointsRepository } from '../endpoints/endpoints.repository.js';

/** Finds endpoints for pumps, outside of units: those that are asked for in one turn of the event loop in one query. */
@Injectable()
export class EndpointLookup {
  private asked = new Set<string>();
  private next: Promise<Map<string, EndpointEntity>> | undefined;

  constructor(private readonly endpoints: EndpointsRepository) {}

  async find(id: string): Promise<EndpointEntity | null> {
    this.asked.add(id);
    this.next ??= this.findAsked();
    return (await this.next).get(id) ?? null;
  }

  private async findAsked(): Promise<Map<string, EndpointEntity>> {
    await setImmediate();
    const ids = [...this.asked];
    this.asked = new Set();
    this.next = undefined;
    return new Map((await this.endpoints.findAll(ids)).map((endpoint) => [endpoint.id, endpoint]));
  }
}
