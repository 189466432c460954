import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SelfMadeCertificate {
  cert: string;
  key: string;
}

export interface CertificateFiles {
  certFile: string;
  keyFile: string;
  write(certificate: SelfMadeCertificate): void;
  remove(): void;
}

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), content]);
  const bytes = length < 256 ? [length] : [length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length, ...bytes]), content]);
}

const sequence = (...parts: Uint8Array[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const bitString = (bytes: Uint8Array): Buffer => der(0x03, Buffer.from([0]), bytes);
const utcTime = (time: Date): Buffer => der(0x17, Buffer.from(`${time.toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`));

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = '550403';
const SUBJECT_ALT_NAME = '551d11';
const DAY_MS = 24 * 60 * 60 * 1000;

export interface CertificateWishes {
  /** The IPv4 address that it is for. */
  address?: string;
  /** The host name that it is for, and then for no address. */
  dnsName?: string;
  /** How long it is valid from now on; of one that has expired less than nothing. */
  validForMs?: number;
}

/** A certificate, for 127.0.0.1 unless told otherwise, that nobody but its own key has signed: whoever is to trust it is given it as an authority. */
export function selfMadeCertificate(name = 'crossdesk test', { address = '127.0.0.1', dnsName, validForMs = DAY_MS }: CertificateWishes = {}): SelfMadeCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const subject = sequence(der(0x31, sequence(oid(COMMON_NAME), der(0x0c, Buffer.from(name)))));
  const now = Date.now();
  const names = sequence(dnsName === undefined ? der(0x87, Buffer.from(address.split('.').map(Number))) : der(0x82, Buffer.from(dnsName)));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ECDSA_WITH_SHA256,
    subject,
    sequence(utcTime(new Date(now - 2 * DAY_MS)), utcTime(new Date(now + validForMs))),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(sequence(oid(SUBJECT_ALT_NAME), der(0x04, names)))),
  );
  const certificate = sequence(body, ECDSA_WITH_SHA256, bitString(sign('sha256', body, privateKey)));
  const lines = certificate.toString('base64').match(/.{1,64}/g)!;
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

/** The files that TLS_CERT and TLS_KEY name. */
export function certificateFiles(certificate: SelfMadeCertificate): CertificateFiles {
  const folder = mkdtempSync(join(tmpdir(), 'crossdesk-tls-'));
  const certFile = join(folder, 'cert.pem');
  const keyFile = join(folder, 'key.pem');
  const write = ({ cert, key }: SelfMadeCertificate): void => {
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
  };
  write(certificate);
  return { certFile, keyFile, write, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
