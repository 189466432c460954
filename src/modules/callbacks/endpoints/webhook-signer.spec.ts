import { createPublicKey, verify } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { newSecret, publicKeyOf } from './endpoint-secret.js';
import { WebhookSigner } from './webhook-signer.js';

const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const AT = 1614265330_000;
const BODY = '{"test": 2432232314}';
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const PRIVATE_KEY = 'whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==';

function verifies(publicKey: string, signature: string, body = BODY): boolean {
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(publicKey.slice('whpk_'.length), 'base64')]);
  return verify(null, Buffer.from(`${ID}.${AT / 1000}.${body}`), createPublicKey({ key: spki, format: 'der', type: 'spki' }), Buffer.from(signature.slice('v1a,'.length), 'base64'));
}

describe('the signatures of Standard Webhooks', () => {
  it('are those of the vector for HMAC', () => {
    expect(new WebhookSigner('hmac', SECRET, []).headers(ID, BODY, AT)).toEqual({
      'webhook-id': ID, 'webhook-timestamp': '1614265330', 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('are those of the vector for ed25519, whose public key is in the private one', () => {
    const headers = new WebhookSigner('ed25519', PRIVATE_KEY, []).headers(ID, BODY, AT);
    expect(headers['webhook-signature']).toBe('v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==');
    expect(publicKeyOf(PRIVATE_KEY)).toBe('whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=');
    expect(publicKeyOf(SECRET)).toBeNull();
  });

  it('by a key pair of our making verify with its public key, and with no other', () => {
    const [ours, another] = [newSecret('ed25519'), newSecret('ed25519')];
    const signature = new WebhookSigner('ed25519', ours, []).headers(ID, BODY, AT)['webhook-signature']!;
    expect(ours).toMatch(/^whsk_[A-Za-z0-9+/]{86}==$/);
    expect(publicKeyOf(ours)).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
    expect(verifies(publicKeyOf(ours)!, signature)).toBe(true);
    expect(verifies(publicKeyOf(ours)!, signature, `${BODY} `)).toBe(false);
    expect(verifies(publicKeyOf(another)!, signature)).toBe(false);
  });

  it.each(['hmac', 'ed25519'] as const)('are one for each key that is valid at the time, the newest first (%s)', (signing) => {
    const [now, before, long] = [newSecret(signing), newSecret(signing), newSecret(signing)];
    const signer = new WebhookSigner(signing, now, [{ secret: before, expires_at: AT + 1 }, { secret: long, expires_at: AT - 5000 }]);
    const signaturesAt = (at: number) => signer.headers(ID, BODY, at)['webhook-signature']!.split(' ');
    const alone = (secret: string, at: number) => new WebhookSigner(signing, secret, []).headers(ID, BODY, at)['webhook-signature'];
    expect(signaturesAt(AT - 5001)).toEqual([alone(now, AT - 5001), alone(before, AT - 5001), alone(long, AT - 5001)]);
    expect(signaturesAt(AT)).toEqual([alone(now, AT), alone(before, AT)]);
    expect(signaturesAt(AT + 1)).toEqual([alone(now, AT + 1)]);
  });

  it.each([24, 33, 64])('with a secret of %i bytes are what the library expects', (bytes) => {
    const secret = `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;
    const headers = new WebhookSigner('hmac', secret, []).headers(ID, '{"text":"你好 👋"}', Date.now());
    expect(new Webhook(secret).verify('{"text":"你好 👋"}', headers)).toEqual({ text: '你好 👋' });
  });
});
