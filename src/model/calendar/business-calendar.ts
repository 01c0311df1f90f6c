/** Whole calendar days in the person's own zone, both included. */
export type Absence = {
  readonly email: string
  readonly from: string
  readonly until: string
  /** Who takes what would have been theirs; null: the next of the policy's own chain. */
  readonly delegate: string | null
}

export type BusinessCalendar = {
  /** IANA name; deadlines are counted in the owner's own zone where the CRM gives one. */
  readonly timeZone: string
  /** 1 = Monday ... 7 = Sunday. */
  readonly workingDays: readonly number[]
  /** Minutes after local midnight. */
  readonly opensAtMinute: number
  readonly closesAtMinute: number
  /** Calendar days, `2026-12-25`. */
  readonly holidays: readonly string[]
  /** Who is out of office when. Absent: nobody is known to be. */
  readonly away?: readonly Absence[]
}
