/** What the ciphertexts of an endpoint's row are bound to. */
export const SECRET_PURPOSE = 'callback secret';
export const HEADERS_PURPOSE = 'callback headers';
