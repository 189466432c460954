import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { Beforehand } from '../../platform/idempotency/beforehand.js';
import { Passwords } from './auth.contract.js';

/** argon2id with the parameters that OWASP recommends. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

@Injectable()
export class PasswordsService extends Passwords {
  constructor(private readonly beforehand: Beforehand) {
    super();
  }

  async hash(password: string): Promise<string> {
    return this.beforehand.do(`hashing of ${password}`, () => hash(password, PARAMETERS));
  }

  async matches(stored: string, password: string): Promise<boolean> {
    return verify(stored, password);
  }
}
