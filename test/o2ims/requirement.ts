/** One row of the conformance table. Its tests carry the id at the start of their names. */
export interface Requirement {
  /** e.g. `FLT-03` */
  id: string
  level: 'shall' | 'should' | 'may' | 'desc'
  /** Of O2IMS-INTERFACE, where nothing else is said. */
  clause: string
  requirement: string
  how: string
  /** Where the text leaves a choice: what we take it to say. */
  reading?: string
  /** What of it is not there. */
  partly?: string
  /** Why no test can show it. Such a row has no test. */
  notApplicable?: string
}
