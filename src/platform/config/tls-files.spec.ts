import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { certificateFiles, selfMadeCertificate } from '../../../test/support/self-made-certificate.js';
import { readConfig } from './config.js';

describe('TLS_CERT and TLS_KEY', () => {
  const good = certificateFiles(selfMadeCertificate());
  const other = certificateFiles(selfMadeCertificate());
  const { certFile: TLS_CERT, keyFile: TLS_KEY } = good;
  const text = `${TLS_CERT}.txt`;
  writeFileSync(text, 'no PEM');
  const locked = `${TLS_KEY}.locked`;
  const { privateKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hush' },
  });
  writeFileSync(locked, privateKey);

  afterAll(() => {
    good.remove();
    other.remove();
  });

  it('are both there or neither', () => {
    expect(readConfig({ TLS_CERT, TLS_KEY }).tls).toEqual({ cert: TLS_CERT, key: TLS_KEY });
    expect(readConfig({ TLS_CERT: '', TLS_KEY: '' }).tls).toBeNull();
  });

  it('change the scheme of the address that clients are given, unless it is set', () => {
    expect(readConfig({}).publicUrl).toBe('http://127.0.0.1:3000');
    expect(readConfig({ TLS_CERT, TLS_KEY, HOST: '::1', PORT: '8443' }).publicUrl).toBe('https://[::1]:8443');
    expect(readConfig({ TLS_CERT, TLS_KEY, PUBLIC_URL: 'http://desk.example/' }).publicUrl).toBe('http://desk.example');
  });

  it.each([
    ['TLS_KEY: required with TLS_CERT', { TLS_CERT }],
    ['TLS_CERT: required with TLS_KEY', { TLS_KEY }],
    [`TLS_CERT: ${TLS_CERT}.gone cannot be read (ENOENT)`, { TLS_CERT: `${TLS_CERT}.gone`, TLS_KEY }],
    [`TLS_KEY: ${TLS_KEY}.gone cannot be read (ENOENT)`, { TLS_CERT, TLS_KEY: `${TLS_KEY}.gone` }],
    ['TLS_CERT: / cannot be read (EISDIR)', { TLS_CERT: '/', TLS_KEY }],
    [`TLS_CERT: ${text} holds no certificate in PEM`, { TLS_CERT: text, TLS_KEY }],
    [`TLS_KEY: ${text} holds no private key in PEM without a passphrase`, { TLS_CERT, TLS_KEY: text }],
    [`TLS_KEY: ${locked} holds no private key in PEM without a passphrase`, { TLS_CERT, TLS_KEY: locked }],
    ['TLS_KEY: this is not the key of the certificate in TLS_CERT', { TLS_CERT, TLS_KEY: other.keyFile }],
  ])('stop the start: %s', (fault, environment) => {
    expect(() => readConfig(environment)).toThrow(new Error(`These settings cannot be used:\n  ${fault}`));
  });

  it('are named together, each with its fault', () => {
    expect(() => readConfig({ TLS_CERT: text, TLS_KEY: text })).toThrow(/TLS_CERT: .*\n {2}TLS_KEY: /);
  });
});
