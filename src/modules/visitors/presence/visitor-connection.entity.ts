import { Entity, Index } from 'typeorm';
import { FlagColumn, IdColumn, InstantColumn, PrimaryIdColumn } from '../../../platform/database/columns.js';

/** One open socket of a visitor. A visitor is online while it has one. */
@Entity('visitor_connections')
@Index('visitor_connections_visitor', ['visitor_id'])
@Index('visitor_connections_process', ['process_id', 'id'])
export class VisitorConnectionEntity {
  @PrimaryIdColumn() id: string;
  @IdColumn() organization_id: string;
  @IdColumn() visitor_id: string;
  @IdColumn() process_id: string;
}

/** A process that holds sockets of visitors, for as long as it says that it lives. */
@Entity('visitor_processes')
@Index('visitor_processes_alive', ['alive_until'])
export class VisitorProcessEntity {
  @PrimaryIdColumn() id: string;
  @InstantColumn() alive_until: number;
  /** It was taken for dead: its connections are being ended, and it must not use this id any more. */
  @FlagColumn({ default: 0 }) lapsed: boolean;
}
