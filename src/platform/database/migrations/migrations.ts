import { Foundation1790000000000 } from './1790000000000-foundation.js';
import { RefreshTokenExpiry1795332000000 } from './1795332000000-refresh-token-expiry.js';
import { Applications1795340000000 } from './1795340000000-applications.js';
import { ApplicationKeys1795340000001 } from './1795340000001-application-keys.js';
import { Oauth1795341000000 } from './1795341000000-oauth.js';
import { KnownLoginAddresses1795343000000 } from './1795343000000-known-login-addresses.js';
import { SigningKeys1795342000000 } from './1795342000000-signing-keys.js';
import { AuditLogs1795344000000 } from './1795344000000-audit-logs.js';
import { CallbackCreators1795344100000 } from './1795344100000-callback-creators.js';
import { CallbackOptions1795350000000 } from './1795350000000-callback-options.js';
import { CallbackRecoveries1795351000000 } from './1795351000000-callback-recoveries.js';
import { CallbackDispatch1795352000000 } from './1795352000000-callback-dispatch.js';
import { ProjectionPositions1795400000000 } from './1795400000000-projection-positions.js';
import { Routing1795410000000 } from './1795410000000-routing.js';
import { VisitorSearch1795420000000 } from './1795420000000-visitor-search.js';
import { VisitorPresence1795420000001 } from './1795420000001-visitor-presence.js';
import { VisitorErasure1795420000002 } from './1795420000002-visitor-erasure.js';
import { QuietEvents1795460000000 } from './1795460000000-quiet-events.js';
import { Search1795470000000 } from './1795470000000-search.js';
import { MessageReceipts1795470000001 } from './1795470000001-message-receipts.js';
import { CannedReplies1795470000002 } from './1795470000002-canned-replies.js';
import { Tickets1795430000000 } from './1795430000000-tickets.js';
import { Crm1795440000000 } from './1795440000000-crm.js';
import { Statistics1795450000000 } from './1795450000000-statistics.js';
import { Imports1795460000001 } from './1795460000001-imports.js';
import { OrganizationClosing1795480000000 } from './1795480000000-organization-closing.js';
import { StatisticsHandling1795490000002 } from './1795490000002-statistics-handling.js';
import { MessagesByTime1795490000003 } from './1795490000003-messages-by-time.js';
import { DeliveriesByBatch1795490000004 } from './1795490000004-deliveries-by-batch.js';
import { CallbackFormerBatches1795490000005 } from './1795490000005-callback-former-batches.js';
import { DeliveriesListedByEvent1795490000006 } from './1795490000006-deliveries-listed-by-event.js';

/** In the order in which they run. */
export const MIGRATIONS = [
  Foundation1790000000000,
  RefreshTokenExpiry1795332000000,
  Applications1795340000000,
  ApplicationKeys1795340000001,
  Oauth1795341000000,
  SigningKeys1795342000000,
  KnownLoginAddresses1795343000000,
  AuditLogs1795344000000,
  CallbackCreators1795344100000,
  CallbackOptions1795350000000,
  CallbackRecoveries1795351000000,
  CallbackDispatch1795352000000,
  ProjectionPositions1795400000000,
  Routing1795410000000,
  VisitorSearch1795420000000,
  VisitorPresence1795420000001,
  VisitorErasure1795420000002,
  Tickets1795430000000,
  Crm1795440000000,
  Statistics1795450000000,
  QuietEvents1795460000000,
  Imports1795460000001,
  Search1795470000000,
  MessageReceipts1795470000001,
  CannedReplies1795470000002,
  OrganizationClosing1795480000000,
  StatisticsHandling1795490000002,
  MessagesByTime1795490000003,
  DeliveriesByBatch1795490000004,
  CallbackFormerBatches1795490000005,
  DeliveriesListedByEvent1795490000006,
];
