/** Name of the job that goes on with an erasure; its key is the visitor's id. */
export const ERASURE_JOB = 'erase-visitor';
