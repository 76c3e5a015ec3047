import { type FieldError, ServiceError } from '../errors.ts'

export type What = 'request' | 'template' | 'O-Cloud' | 'package' | 'custom resource' | 'nothing known'

/** What was looked at, and what is wrong with it: the fields by their RFC 6901 pointers. */
export interface Validated {
  /** The file or folder, with the number of the document where there are several. */
  source: string
  what: What
  faults: FieldError[]
  /** What cannot be said without a service, and what a reader should know. */
  remarks: string[]
}

/** The faults that a check of the service found; anything else that it throws goes on. */
export async function faultsOf(check: () => unknown): Promise<FieldError[]> {
  try {
    await check()
    return []
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return error.fields.length > 0 ? error.fields : [{ pointer: '', message: error.message }]
  }
}
