/** Name of the job that goes on with a recovery; its key is the recovery's id. */
export const RECOVERY_JOB = 'recover-events';
