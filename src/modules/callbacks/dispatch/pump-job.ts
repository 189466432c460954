/** Name of the job that delivers what is due at one endpoint; its key is the endpoint's id. */
export const PUMP_JOB = 'pump-endpoint';
