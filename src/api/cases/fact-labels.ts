/** What a fact's name and value read like on the case page. */
export type FactLabels = {
  readonly labelOf: (name: string) => string
  readonly displayOf: (name: string, value: string | null) => string | null
}

/** What a connection knows: labels of its fields per object, and its people by id and e-mail. */
export type KnownLabels = {
  readonly objectType: string
  readonly ownerField: string | null
  /** By object, then by API name of the field. */
  readonly fields: ReadonlyMap<string, ReadonlyMap<string, string>>
  readonly people: ReadonlyMap<string, string>
}

/** Facts and pieces of evidence that are no field of the CRM. */
const LABELS: Readonly<Record<string, string>> = {
  'fact.crm': 'CRM',
  'fact.object': 'Record type',
  'fact.country': 'Country',
  'fact.state': 'State',
  'fact.domain': 'Company domain',
  'fact.employees': 'Employees',
  'fact.customer': 'Existing customer',
  'fact.openPipeline': 'Open pipeline',
  'fact.owner': 'Owner',
  'fact.ownerState': 'Owner status',
  'match.owner': "Other record's owner",
  'owner of the other': "Other record's owner",
  'owner of the account': "Account's owner",
  input: 'What is not known',
  reason: 'Why',
  'records held': 'Records held',
}

const VALUES: Readonly<Record<string, string>> = {
  true: 'Yes',
  false: 'No',
  active: 'Active',
  inactive: 'Deactivated',
  deleted: 'Deleted',
  queue: 'Queue',
  'empty-queue': 'Queue without members',
  integration: 'Integration user',
  none: 'No owner',
  unknown: 'Not known yet',
}

const REGIONS = new Intl.DisplayNames('en', { type: 'region', fallback: 'code' })

export function factLabels({ objectType, ownerField, fields, people }: KnownLabels): FactLabels {
  const labelOf = (name: string): string => {
    const known = LABELS[name] ?? fields.get(objectType)?.get(name)
    if (known) return known
    const inCurrency = / in [A-Z]{3}$/.exec(name)
    if (inCurrency !== null) return `${labelOf(name.slice(0, inCurrency.index))}${inCurrency[0]}`
    const [field = name, object] = name.split('.').reverse()
    const label = (object && fields.get(object)?.get(field)) ?? labelIn(fields, field) ?? plain(field)
    return name.startsWith('account.') ? `${label} (account)` : label
  }
  return {
    labelOf,
    displayOf(name, value) {
      if (value === null) return null
      if (name === ownerField || value.includes('@')) return people.get(value.toLowerCase()) ?? value
      if (name === 'fact.country' && /^[A-Z]{2}$/.test(value)) return REGIONS.of(value) ?? value
      return name === 'fact.ownerState' || name === 'fact.customer' ? (VALUES[value] ?? value) : value
    },
  }
}

/** From whichever object has it: an account's field is named without its object. */
function labelIn(fields: KnownLabels['fields'], field: string): string | undefined {
  for (const labels of fields.values()) {
    const label = labels.get(field)
    if (label) return label
  }
  return undefined
}

function plain(name: string): string {
  const words = name
    .replace(/__c$/, '')
    .replaceAll('_', ' ')
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
  return words.charAt(0).toUpperCase() + words.slice(1)
}
