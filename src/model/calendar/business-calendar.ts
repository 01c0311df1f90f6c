/** Whole calendar days in the person's own zone, both included. */
export type Absence = {
  readonly email: string
  readonly from: string
  readonly until: string
  /** Who takes what would have been theirs; null: the next of the policy's own chain. */
  readonly delegate: string | null
}

/** From the opening to the closing minute after local midnight; a shift that closes on the next day closes after 1440. */
export type OpeningHours = { readonly opensAtMinute: number; readonly closesAtMinute: number }

/** Where somebody's public holidays are: known by their time zone, because CRMs name no country of their users. */
export type HolidayRegion = {
  /** `US`, or `DE-BY` for a state. */
  readonly region: string
  readonly timeZones: readonly string[]
  readonly holidays: readonly string[]
}

export type BusinessCalendar = {
  /** IANA name; deadlines are counted in the owner's own zone where the CRM gives one. */
  readonly timeZone: string
  /** 1 = Monday ... 7 = Sunday. */
  readonly workingDays: readonly number[]
  readonly opensAtMinute: number
  readonly closesAtMinute: number
  /** Minutes in which nobody works although it is open, in their order and apart. Absent: none. */
  readonly breaks?: readonly { readonly fromMinute: number; readonly toMinute: number }[]
  /** Other opening hours by the day of the week on which they begin, 1 to 7. Absent: every day is the same. */
  readonly hoursOn?: Readonly<Record<string, OpeningHours>>
  /** Calendar days on which everybody is off, `2026-12-25`. */
  readonly holidays: readonly string[]
  /** Public holidays by country or state. Absent: only the days above. */
  readonly regions?: readonly HolidayRegion[]
  /** Who is out of office when. Absent: nobody is known to be. */
  readonly away?: readonly Absence[]
}
