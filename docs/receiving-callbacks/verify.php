<?php

declare(strict_types=1);

const TOLERANCE_SECONDS = 5 * 60;

/** $secret: the endpoint's whsec_…, or its public_key whpk_…; $body: the bytes as they came, before any JSON is read. */
function is_genuine(string $secret, string $id, string $timestamp, string $signatures, string $body, int $now): bool
{
    if (preg_match('/^[0-9]{1,12}$/D', $timestamp) !== 1 || abs($now - (int) $timestamp) > TOLERANCE_SECONDS) {
        return false;
    }
    $signed = "$id.$timestamp.$body";
    // While the secret is being replaced there are several signatures; one that fits is enough.
    foreach (explode(' ', $signatures) as $each) {
        [$version, $value] = array_pad(explode(',', $each, 2), 2, '');
        $signature = base64_decode($value, true);
        if ($signature === false) {
            continue;
        }
        if ($version === 'v1' && str_starts_with($secret, 'whsec_')) {
            $key = base64_decode(substr($secret, 6), true);
            if ($key !== false && hash_equals(hash_hmac('sha256', $signed, $key, true), $signature)) {
                return true;
            }
        }
        if ($version === 'v1a' && str_starts_with($secret, 'whpk_') && strlen($signature) === SODIUM_CRYPTO_SIGN_BYTES) {
            $key = base64_decode(substr($secret, 5), true);
            if ($key !== false && sodium_crypto_sign_verify_detached($signature, $signed, $key)) {
                return true;
            }
        }
    }
    return false;
}

if (PHP_SAPI === 'cli' && realpath($_SERVER['SCRIPT_FILENAME']) === __FILE__) {
    $genuine = is_genuine(
        (string) getenv('WEBHOOK_SECRET'), (string) getenv('WEBHOOK_ID'), (string) getenv('WEBHOOK_TIMESTAMP'),
        (string) getenv('WEBHOOK_SIGNATURE'), (string) file_get_contents('php://stdin'), time(),
    );
    echo $genuine ? "genuine\n" : "refused\n";
}
