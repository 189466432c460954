import type { Page, PageQuery } from '../../kernel/page.js';
import type { Principal } from '../../kernel/principal.js';
import type { TicketView } from './tickets.view.dto.js';

export { TicketPageView, TicketView } from './tickets.view.dto.js';

/** What other modules may ask of tickets. */
export abstract class Tickets {
  /** Those of one customer, by the id that the CRM gave, as far as the caller may see them. */
  abstract listOfCustomer(principal: Principal, customerId: string, page: PageQuery): Promise<Page<TicketView>>;
}
