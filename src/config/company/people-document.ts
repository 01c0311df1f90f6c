import { z } from 'zod'
import type { CompanyPeople } from '../../model/record/company-people.ts'
import { Day, Email } from './company-documents.ts'

/** Who agreed to it, and when: until people confirm identities in the console, the file is where that is kept. */
const AGREED = { agreedBy: Email, agreedOn: Day } as const

const Emails = z
  .array(Email, { error: 'must be the list of all e-mails of this person, like [ann@acme.com, ann.smith@acme.io]' })
  .min(2, { error: 'must name at least two e-mails; who has one in every CRM needs no line' })

/** `people.yaml`: the several e-mails of one person, the users that are programs, and who is an admin of the sandbox. */
const Document = z
  .strictObject({
    people: z.array(z.strictObject({ emails: Emails, ...AGREED })).default([]),
    integrations: z.array(z.strictObject({ email: Email, ...AGREED })).default([]),
    admins: z.array(Email).default([]),
  })
  .superRefine(({ people, integrations }, context) => {
    const refuse = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
    const lineOf = new Map<string, number>()
    for (const [i, { emails }] of people.entries()) {
      for (const [j, email] of emails.entries()) {
        const first = lineOf.get(email)
        const path = ['people', i, 'emails', j]
        if (first === i) refuse(path, `"${email}" is there twice; name each e-mail of the person once`)
        else if (first !== undefined) {
          const [other] = people[first]!.emails
          const remedy = `if they are one person, write all e-mails into one line, else remove it from one`
          refuse(path, `"${email}" is also an e-mail of the person with "${other}"; ${remedy}`)
        }
        lineOf.set(email, i)
      }
    }
    for (const [i, { email }] of integrations.entries()) {
      const path = ['integrations', i, 'email']
      if (lineOf.has(email))
        refuse(path, `"${email}" is that of a person in this file, and cannot be a program besides`)
      if (integrations.findIndex((one) => one.email === email) === i) continue
      refuse(path, `"${email}" is there twice; name each integration once`)
    }
  })

export const PeopleDocument = Document.transform(
  ({ people, integrations }): CompanyPeople => ({
    persons: people.map(({ emails }) => emails),
    integrations: integrations.map(({ email }) => email),
  }),
)

export const AdminsDocument = Document.transform(({ admins }): readonly string[] => admins)
