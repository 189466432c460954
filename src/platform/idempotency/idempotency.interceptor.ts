import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { invalidField } from '../../kernel/domain-error.js';
import { sha256 } from '../crypto/hash.js';
import { UnitOfWork } from '../database/unit-of-work.js';
import { Beforehand } from './beforehand.js';
import { IdempotencyKeys } from './idempotency-keys.js';
import type { StoredAnswer } from './idempotency-keys.js';

/** Makes a POST with an `Idempotency-Key` happen once; the change and its stored answer share one transaction. */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(
    private readonly keys: IdempotencyKeys,
    private readonly unitOfWork: UnitOfWork,
    private readonly beforehand: Beforehand,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const header = request.method === 'POST' ? request.headers['idempotency-key'] : undefined;
    // Without a caller there is nobody whose key it could be: log-in, for example.
    if (header === undefined || request.principal === undefined) return next.handle();
    return from(this.once(readKey(header), request, http.getResponse<FastifyReply>(), next));
  }

  private async once(key: string, request: FastifyRequest, reply: FastifyReply, next: CallHandler): Promise<unknown> {
    const { id, organizationId, application } = request.principal!;
    // What an agent is answered is not for the programs that act for it: they may do less, and the answer may hold a secret.
    const caller = application === null ? id : `${id}\n${application.id}`;
    const keyHash = sha256(`${organizationId}\n${caller}\n${key}`);
    const fingerprint = sha256(`${request.method}\n${request.url}\n${sha256(request.rawBody ?? '')}`);
    const begun = await this.keys.begin({ keyHash, organizationId, fingerprint });
    if ('answer' in begun) return replay(begun.answer, reply);
    try {
      return await this.beforehand.run(() =>
        this.unitOfWork.run(async () => {
          const body: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
          await this.keys.store(keyHash, begun.lease, { status: reply.statusCode, body });
          return body;
        }),
      );
    } catch (error) {
      await this.keys.release(keyHash, begun.lease).catch(() => undefined);
      throw error;
    }
  }
}

/** The header is a structured-field string, so quotes around it do not belong to the key. */
function readKey(header: string | string[]): string {
  const key = String(header).replace(/^"(.*)"$/, '$1');
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw invalidField('Idempotency-Key', 'idempotency.key_invalid', 'An Idempotency-Key has 1 to 255 visible ASCII characters.');
  }
  return key;
}

function replay(answer: StoredAnswer, reply: FastifyReply): unknown {
  reply.status(answer.status).header('idempotency-replayed', 'true');
  return answer.body;
}
