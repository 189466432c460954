import { Injectable } from '@nestjs/common';
import { Clock } from '../../../kernel/clock.js';
import { DomainError, invalidField, notFound } from '../../../kernel/domain-error.js';
import type { Principal } from '../../../kernel/principal.js';
import type { Outcome } from '../../../platform/database/shared-unit.js';
import { UnitOfWork } from '../../../platform/database/unit-of-work.js';
import { Agents } from '../../agents/agents.contract.js';
import { isOwnerSeen, ownersSeenBy } from '../owner-scope.js';
import type { BatchResultView } from '../upserts/batch.dto.js';
import { assertMatchOrNone } from '../upserts/match-or-none.js';
import { upsertInSlices } from '../upserts/upsert-in-slices.js';
import { upsertSlice } from '../upserts/upsert-slice.js';
import type { UpsertItem, Upserted } from '../upserts/upsert-slice.js';
import { CustomerKind } from './customer-kind.js';
import type { CustomerEntity } from './customer.entity.js';
import { UpsertCustomerDto } from './customers.dto.js';
import { toCustomerView } from './customers.view.js';
import { CUSTOMER_WRITABLE } from './customers.view.dto.js';

type Item = UpsertItem<CustomerEntity, UpsertCustomerDto>;

/** Writes customers by their outside ids, one or many. */
@Injectable()
export class UpsertCustomers {
  constructor(
    private readonly kind: CustomerKind,
    private readonly agents: Agents,
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  async one(principal: Principal, fields: UpsertCustomerDto, ifMatch?: string): Promise<Upserted<CustomerEntity>> {
    const owners = ownersSeenBy(principal);
    const assertMayWrite = (known: CustomerEntity | null): void => {
      assertWithin(owners, fields, known);
      assertMatchOrNone(ifMatch, known === null ? null : toCustomerView(known), CUSTOMER_WRITABLE);
    };
    return this.unitOfWork.run(async () => {
      const [outcome] = await this.write(principal.organizationId, [{ fields, assertMayWrite }]);
      if ('error' in outcome!) throw outcome.error;
      return outcome!.value;
    });
  }

  batch(principal: Principal, items: readonly unknown[]): Promise<BatchResultView> {
    const owners = ownersSeenBy(principal);
    return upsertInSlices({
      items,
      type: UpsertCustomerDto,
      idField: 'customer_id',
      write: (slice) => this.slice(principal.organizationId, slice, owners),
    });
  }

  /** Some of many in one unit of work. `owners` as `ownersSeenBy` says. */
  slice(organizationId: string, slice: readonly UpsertCustomerDto[], owners: readonly string[] = []): Promise<Outcome<Upserted<CustomerEntity>>[]> {
    const items = slice.map((fields) => ({ fields, assertMayWrite: (known: CustomerEntity | null): void => assertWithin(owners, fields, known) }));
    return this.unitOfWork.run(() => this.write(organizationId, items));
  }

  private async write(organizationId: string, items: readonly Item[]): Promise<Outcome<Upserted<CustomerEntity>>[]> {
    const unknown = await this.unknownAgents(organizationId, items);
    const checked = items.map(({ fields, assertMayWrite }) => ({
      fields,
      assertMayWrite: (known: CustomerEntity | null): void => {
        assertMayWrite?.(known);
        assertAgentKnown(unknown, fields, known);
      },
    }));
    return upsertSlice(this.kind, organizationId, checked, this.clock.now());
  }

  private async unknownAgents(organizationId: string, items: readonly Item[]): Promise<ReadonlySet<string>> {
    const ids = new Set(items.map(({ fields }) => fields.owner_agent_id).filter((id) => id !== null && id !== undefined));
    const unknown = new Set<string>();
    for (const id of ids) if ((await this.agents.find(organizationId, id)) === null) unknown.add(id);
    return unknown;
  }
}

/** A program that is confined changes and makes nothing that it could not see before and afterwards. */
function assertWithin(owners: readonly string[], { owner_agent_id = null }: UpsertCustomerDto, known: CustomerEntity | null): void {
  if (known !== null && !isOwnerSeen(owners, known.owner_agent_id)) throw notFound('customer', known.customer_id);
  if (isOwnerSeen(owners, owner_agent_id)) return;
  throw new DomainError('forbidden', 'customer.data_scope_exceeded', 'The customer would belong to what this credential does not see: name an agent within its data scope, or none.');
}

function assertAgentKnown(unknown: ReadonlySet<string>, { owner_agent_id }: UpsertCustomerDto, known: CustomerEntity | null): void {
  if (owner_agent_id === null || owner_agent_id === undefined || !unknown.has(owner_agent_id) || known?.owner_agent_id === owner_agent_id) return;
  throw invalidField('owner_agent_id', 'agent.not_found', `There is no agent ${JSON.stringify(owner_agent_id)}.`);
}
