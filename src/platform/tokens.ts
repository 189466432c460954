/** Injects the id of this database's deployment. */
export const DEPLOYMENT = Symbol('DEPLOYMENT');
