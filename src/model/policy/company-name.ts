/** A document that all workflows of a company share. */
export type CompanyName = 'territories' | 'calendar' | 'readings' | 'people'
