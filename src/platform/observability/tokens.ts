/** Injects the pino logger. */
export const LOGGER = Symbol('LOGGER');
