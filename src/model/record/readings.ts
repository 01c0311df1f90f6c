/** What people of the company agreed that a text means which names nothing by itself, by the text as it is compared. */
export type Readings = {
  /** ISO 3166-1 alpha-2. */
  readonly countries: Readonly<Record<string, string>>
  /** ISO 3166-2. */
  readonly states: Readonly<Record<string, string>>
  /** ISO 4217: the currency of amounts, of records and in policies, that name none. Absent: nobody has written it down. */
  readonly currency?: string
}

export const NO_READINGS: Readings = { countries: {}, states: {} }
