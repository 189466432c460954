/** Wakes the import from the CRM; the key is the organization. */
export const CRM_SYNC_JOB = 'crm-sync';
