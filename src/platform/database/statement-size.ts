/**
 * Of text in one statement, or in one packet of them. MySQL cuts the connection at a packet of 16 MiB, or less where it is so
 * configured, and a character may become four bytes.
 */
export const MAX_CHARACTERS = 1024 * 1024;

/** How much text there is among the values of a statement. */
export function charactersOf(values: readonly unknown[]): number {
  let characters = 0;
  for (const value of values) if (typeof value === 'string') characters += value.length;
  return characters;
}
