import { Pool } from 'undici';
import { serve } from '../harness/child.js';
import type { SinkSample } from './callback-sink.js';

const CONNECTION_HEADERS = ['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive'];

/** Sends copies of one callback through a bare undici pool: what there is to send, without the work around it. */
async function send(url: string, count: number, connections: number, sample: SinkSample): Promise<void> {
  const headers = Object.fromEntries(Object.entries(sample.headers).filter(([name]) => !CONNECTION_HEADERS.includes(name)));
  const pool = new Pool(url, { connections, pipelining: 1 });
  let sent = 0;
  const runConnection = async (): Promise<void> => {
    while (sent < count) {
      sent += 1;
      const id = `evt_${String(sent).padStart(26, '0')}`;
      const response = await pool.request({ path: '/', method: 'POST', headers: { ...headers, 'webhook-id': id }, body: sample.body });
      await response.body.dump();
      if (response.statusCode !== 200) throw new Error(`The receiver answered ${response.statusCode}.`);
    }
  };
  await Promise.all(Array.from({ length: connections }, runConnection));
  await pool.close();
}

const handlers = serve({ send });
export type CallbackSender = typeof handlers;
