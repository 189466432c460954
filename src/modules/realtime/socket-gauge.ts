import { Injectable } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Metrics } from '../../platform/observability/metrics.js';
import { RealtimeGateway } from './realtime.gateway.js';

@Injectable()
export class SocketGauge {
  constructor(gateway: RealtimeGateway, { registry }: Metrics) {
    new Gauge({
      name: 'crossdesk_sockets_connected',
      help: 'Sockets that are connected to this process and admitted',
      registers: [registry],
      collect() {
        this.set(gateway.connected);
      },
    });
  }
}
