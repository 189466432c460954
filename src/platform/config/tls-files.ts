import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Both are PEM; the certificate may have those of its issuers behind it. */
export interface TlsMaterial {
  cert: string;
  key: string;
}

interface TlsSettings {
  TLS_CERT?: string;
  TLS_KEY?: string;
}

/** What is wrong with the two settings and their files; each fault begins with the name of its setting. */
export function tlsFaults({ TLS_CERT, TLS_KEY }: TlsSettings): string[] {
  if (TLS_CERT === undefined && TLS_KEY === undefined) return [];
  if (TLS_KEY === undefined) return ['TLS_KEY: required with TLS_CERT'];
  if (TLS_CERT === undefined) return ['TLS_CERT: required with TLS_KEY'];
  const faults: string[] = [];
  const certificate = readAs('TLS_CERT', TLS_CERT, 'certificate in PEM', (pem) => new X509Certificate(pem), faults);
  const key = readAs('TLS_KEY', TLS_KEY, 'private key in PEM without a passphrase', (pem): KeyObject => createPrivateKey(pem), faults);
  if (certificate !== null && key !== null && !certificate.checkPrivateKey(key)) faults.push('TLS_KEY: this is not the key of the certificate in TLS_CERT');
  return faults;
}

/** Throws an error that names what cannot be used. */
export function readTlsFiles(cert: string, key: string): TlsMaterial {
  const faults = tlsFaults({ TLS_CERT: cert, TLS_KEY: key });
  if (faults.length > 0) throw new Error(faults.join('; '));
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

function readAs<T>(name: string, file: string, what: string, parse: (pem: string) => T, faults: string[]): T | null {
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (error) {
    faults.push(`${name}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return null;
  }
  try {
    return parse(pem);
  } catch {
    faults.push(`${name}: ${file} holds no ${what}`);
    return null;
  }
}
