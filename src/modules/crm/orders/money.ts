import { Decimal } from 'decimal.js';

const WHOLE_DIGITS = 20;
const FRACTION_DIGITS = 10;
const DECIMAL = new RegExp(`^-?\\d{1,${WHOLE_DIGITS}}(\\.\\d{1,${FRACTION_DIGITS}})?$`);

/**
 * The amount as it is stored and answered: digit for digit as a decimal string has it, without leading zeros. A JSON
 * number has lost its final zeros by then. Null for what is no amount.
 */
export function readMoney(value: unknown): string | null {
  const text = typeof value === 'number' && Number.isFinite(value) ? new Decimal(value).toFixed() : value;
  if (typeof text !== 'string' || !DECIMAL.test(text)) return null;
  const plain = text.replace(/^(-?)0+(?=\d)/, '$1');
  return new Decimal(plain).isZero() ? plain.replace('-', '') : plain;
}

/** Text that sorts byte by byte as the amounts do, and is the same for the same amount: 10.5 and 10.50. */
export function moneyKey(amount: string): string {
  const [whole = '', fraction = ''] = amount.replace('-', '').split('.');
  const digits = whole.padStart(WHOLE_DIGITS, '0') + fraction.padEnd(FRACTION_DIGITS, '0');
  // Of two negative amounts the one with the greater digits is the smaller.
  return amount.startsWith('-') ? `-${digits.replaceAll(/\d/g, (digit) => String(9 - Number(digit)))}` : `0${digits}`;
}
