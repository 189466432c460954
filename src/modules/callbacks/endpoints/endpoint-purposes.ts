/** What the ciphertexts of an endpoint's row are bound to. */
export const SECRET_PURPOSE = 'callback secret';
export const OLD_SECRETS_PURPOSE = 'old callback secrets';
export const HEADERS_PURPOSE = 'callback headers';
export const OPTIONS_PURPOSE = 'callback format options';
