/** What people of the company agreed about its CRM users that no CRM says: `people.yaml`. E-mails are lower-case. */
export type CompanyPeople = {
  /** The several e-mails of one person, two or more each. No e-mail is in two of them. */
  readonly persons: readonly (readonly string[])[]
  /** E-mails of users that are programs: no rule and no task goes to them, and what they own nobody works. */
  readonly integrations: readonly string[]
}

/** Every e-mail of the person who has this one; the one alone where nobody links it. */
export function linkedEmails({ persons }: Pick<CompanyPeople, 'persons'>, email: string): readonly string[] {
  return persons.find((emails) => emails.includes(email)) ?? [email]
}

export const NO_COMPANY_PEOPLE: CompanyPeople = { persons: [], integrations: [] }
