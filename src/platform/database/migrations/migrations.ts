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

/** In the order in which they run. */
export const MIGRATIONS = [Foundation1790000000000, RefreshTokenExpiry1795332000000, Applications1795340000000, ApplicationKeys1795340000001, Oauth1795341000000, SigningKeys1795342000000, KnownLoginAddresses1795343000000, AuditLogs1795344000000, CallbackCreators1795344100000, CallbackOptions1795350000000, CallbackRecoveries1795351000000, CallbackDispatch1795352000000];
