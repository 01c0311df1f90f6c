import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import type { Crm, Day } from './day.ts'
import { DAYS_AT_ONCE } from './day.ts'
import { ordinaryHour, sameAsWithoutFault } from './ordinary-hour.ts'

const LOOK_MS = 11 * 60_000

type Fault = {
  readonly name: string
  readonly crm: Crm
  readonly change: Readonly<Record<string, unknown>>
  readonly undo: Readonly<Record<string, unknown>>
  readonly code: string
  readonly subject: string
  readonly message: RegExp
  readonly remedy: RegExp
  /** In the words of the case of the input that holds the hour's routed record. */
  readonly because: RegExp
}

const country = {
  hubspot: { objectType: 'contacts', name: 'country' },
  salesforce: { objectType: 'Lead', name: 'Country' },
}

const FAULTS: readonly Fault[] = [
  {
    name: 'field removed in HubSpot',
    crm: 'hubspot',
    change: { op: 'remove', ...country.hubspot },
    undo: { op: 'restore', ...country.hubspot },
    code: 'field-removed',
    subject: 'contacts.country',
    message:
      /^HubSpot removed the field country of contacts, or hid it from us\. The workflow "[^"]+" needs it\. Reviewers decide the cases/,
    remedy: /^Restore country, let us read it, or remove it from the workflow\.$/,
    because: /country of contacts was removed from the CRM or hidden from us/i,
  },
  {
    name: 'field removed in Salesforce',
    crm: 'salesforce',
    change: { op: 'remove', ...country.salesforce },
    undo: { op: 'restore', ...country.salesforce },
    code: 'field-removed',
    subject: 'Lead.Country',
    message: /^Salesforce removed the field Country of Lead, or hid it from us/,
    remedy: /^Restore Country, let us read it/,
    because: /Country of Lead was removed from the CRM or hidden from us/i,
  },
  {
    name: 'field renamed in HubSpot',
    crm: 'hubspot',
    change: { op: 'rename', ...country.hubspot, to: 'home_country' },
    undo: { op: 'restore', ...country.hubspot },
    code: 'field-removed',
    subject: 'contacts.country',
    message: /^HubSpot removed the field country of contacts, or hid it from us/,
    remedy: /^If home_country, which is new and has the same label, is the same field, put that name into/,
    because: /country of contacts was removed from the CRM or hidden from us/i,
  },
  {
    name: 'field retyped in HubSpot',
    crm: 'hubspot',
    change: { op: 'retype', ...country.hubspot, type: 'enumeration', options: ['Germany', 'Japan'] },
    undo: { op: 'restore', ...country.hubspot },
    code: 'field-retyped',
    subject: 'contacts.country',
    message: /^The field country of contacts in HubSpot changed from text to picklist/,
    remedy: /^Check the conditions on country/,
    because: /country of contacts has another type in the CRM than the rules were written for/i,
  },
  {
    name: 'picklist value removed in HubSpot, while records keep it',
    crm: 'hubspot',
    change: { op: 'remove-option', objectType: 'contacts', name: 'lifecyclestage', option: 'lead' },
    undo: { op: 'restore', objectType: 'contacts', name: 'lifecyclestage' },
    code: 'option-removed',
    subject: 'contacts.lifecyclestage',
    message: /^HubSpot removed "lead" from the values of lifecyclestage of contacts\./,
    remedy: /^Name the replacement in the workflows?/,
    because: /lifecyclestage of contacts holds a value whose place in the CRM's list changed/i,
  },
]

describe('a bad day of fields', { timeout: 600_000, concurrency: DAYS_AT_ONCE }, () => {
  for (const fault of FAULTS) {
    it(`${fault.name}: what depends on it is unknown and never passes, and is decided again when it is back`, () =>
      sameAsWithoutFault(
        async (day) => {
          const { crm } = fault
          const { routed } = await ordinaryHour(day)
          await day.control[crm].post('schema', fault.change)
          day.advance(LOOK_MS)
          await day.untilQuiet()
          const { message, remedy, level, endedAt } = await day.notice(crm, fault.code, fault.subject)
          assert.match(message, fault.message)
          assert.match(remedy ?? '', fault.remedy)
          assert.deepEqual([level, endedAt], ['stop', null])
          const cases = await casesThatHold(day, routed[crm])
          assert.ok(cases.length > 0, 'nothing holds the record that waits for an owner')
          for (const one of cases) {
            assert.equal(one.class, 'unknown', one.because)
            assert.match(one.because, fault.because)
          }
          assert.equal(await ownerWrites(day, routed[crm]), 0, 'a rule gave it away')

          await day.control[crm].post('schema', fault.undo)
          day.advance(LOOK_MS)
          await day.untilQuiet()
          assert.match(
            (await day.notice(crm, fault.code, fault.subject)).endedMessage ?? '',
            /fits the workflows again/,
          )
          // The tasks that the fault brought are closed again, each with its reason.
        },
        { closedTasks: false },
      ))
  }
})

async function casesThatHold(day: Day, recordId: string): Promise<{ class: string; because: string }[]> {
  return day.rows(sql`
    select e.class, e.class_because as because from held_record h
    join unknown_input u on u.id = h.input_id
    join exception e on e.id = u.exception_id and e.status = 'open'
    where h.record_id = ${recordId}`)
}

async function ownerWrites(day: Day, recordId: string): Promise<number> {
  return (await day.rows(sql`select 1 from intent where kind = 'owner' and record_id = ${recordId}`)).length
}
