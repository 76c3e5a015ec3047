/** The labels that mark an object as ours: the request's reference and the step's name. */
export const OWNER_LABEL = 'o2ims.dev/request'
export const STEP_LABEL = 'o2ims.dev/step'
/** On the pods of a hook's Job: its name, whatever the controller calls them. */
export const HOOK_JOB_LABEL = 'o2ims.dev/job'
export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'o2ims' } as const
/** Who we are in managedFields. */
export const FIELD_MANAGER = 'o2ims'
/** kpt's mark of the inventory that an object belongs to. */
export const INVENTORY_ANNOTATION = 'config.k8s.io/owning-inventory'
