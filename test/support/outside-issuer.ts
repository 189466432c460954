import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWK, JWTHeaderParameters, JWTPayload } from 'jose';

/** An authorization server of somebody else, as far as a resource server sees it: metadata and keys. */
export interface OutsideIssuer {
  url: string;
  /** How often its keys were asked for. */
  keyRequests: number;
  /** The status that it answers with; 200 unless something is wrong with it. */
  status: number;
  addKey(kid: string, algorithm: string): Promise<CryptoKey>;
  publicKeys(): JWK[];
  token(claims: JWTPayload, header?: Partial<JWTHeaderParameters>, key?: CryptoKey | Uint8Array): Promise<string>;
  close(): Promise<void>;
}

export async function startOutsideIssuer(path = ''): Promise<OutsideIssuer> {
  const keys = new Map<string, { jwk: JWK; privateKey: CryptoKey; algorithm: string }>();
  const issuer = {} as OutsideIssuer;
  const server = createServer((request, response) => {
    const json = (body: unknown): void => void response.writeHead(issuer.status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.url === `/.well-known/oauth-authorization-server${path}`) return json({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` });
    if (request.url !== `${path}/keys`) return void response.writeHead(404).end();
    issuer.keyRequests++;
    json({ keys: issuer.publicKeys() });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  Object.assign(issuer, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    keyRequests: 0,
    status: 200,
    async addKey(kid, algorithm) {
      const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
      keys.set(kid, { jwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' }, privateKey, algorithm });
      return privateKey;
    },
    publicKeys: () => [...keys.values()].map(({ jwk }) => jwk),
    token(claims, header = {}, key) {
      const kid = header.kid ?? [...keys.keys()][0]!;
      const known = keys.get(kid);
      return new SignJWT(claims).setProtectedHeader({ alg: known?.algorithm ?? 'ES256', kid, typ: 'at+jwt', ...header } as JWTHeaderParameters).sign(key ?? known!.privateKey);
    },
    close: () => new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  } satisfies OutsideIssuer);
  return issuer;
}
