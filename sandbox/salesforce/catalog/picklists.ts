/** Picklist values that several objects or other rooms use, as in a new org. */
export const INDUSTRIES =
  'Agriculture|Apparel|Banking|Biotechnology|Chemicals|Communications|Construction|Consulting|Education|Electronics|Energy|Engineering|Entertainment|Environmental|Finance|Food & Beverage|Government|Healthcare|Hospitality|Insurance|Machinery|Manufacturing|Media|Not For Profit|Recreation|Retail|Shipping|Technology|Telecommunications|Transportation|Utilities|Other'.split(
    '|',
  )
export const SOURCES = ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Trade Show', 'Other']
export const SALUTATIONS = ['Mr.', 'Ms.', 'Mrs.', 'Dr.', 'Prof.']
export const RATINGS = ['Hot', 'Warm', 'Cold']
export const CLEAN_STATUS = 'Matched|Different|Acknowledged|NotFound|Inactive|Pending|SelectMatch|Skipped'.split('|')
export const GEOCODE = 'Address|NearAddress|Block|Street|ExtendedZip|Zip|Neighborhood|City|County|State|Unknown'.split(
  '|',
)

export const LEAD_STATUSES = ['Open', 'Working', 'Nurturing', 'Unqualified', 'Closed']

/** What the lead's status becomes when it is converted. */
export const CONVERTED_LEAD_STATUS = 'Closed'

export const OPPORTUNITY_STAGES: readonly {
  readonly name: string
  readonly probability: number
  readonly closed: boolean
  readonly won: boolean
  readonly forecast: string
}[] = [
  { name: 'Prospecting', probability: 10, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Qualification', probability: 10, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Needs Analysis', probability: 20, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Value Proposition', probability: 50, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Id. Decision Makers', probability: 60, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Perception Analysis', probability: 70, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Proposal/Price Quote', probability: 75, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Negotiation/Review', probability: 90, closed: false, won: false, forecast: 'Pipeline' },
  { name: 'Closed Won', probability: 100, closed: true, won: true, forecast: 'Closed' },
  { name: 'Closed Lost', probability: 0, closed: true, won: false, forecast: 'Omitted' },
]

export const TASK_STATUSES = ['Not Started', 'In Progress', 'Completed', 'Waiting on someone else', 'Deferred']
export const TASK_PRIORITIES = ['High', 'Normal', 'Low']
