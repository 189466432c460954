/** With this a visitor's program opens a socket. */
export class VisitorTokenView {
  /**
   * For `auth.token` of Socket.IO; a JWT.
   * @example 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ2aXNfMDFrNXg2In0.3qTn2u0rX'
   */
  token: string;
  /** @example 'vis_01k5x6j3q8v4m2n7p9r1s5t6w0' */
  visitor_id: string;
  /**
   * Seconds for which sockets can be opened with it; a socket that is open stays.
   * @example 900
   */
  expires_in: number;
  /** @example '2026-03-01T09:45:00.000Z' */
  expires_at: string;
}
