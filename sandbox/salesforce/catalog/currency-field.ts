import {
  defineObject,
  indexFields,
  type ObjectCatalog,
  type ObjectDefinition,
  parseFields,
} from './object-definition.ts'

const CODES = ['USD', 'EUR', 'GBP', 'JPY']
const OF_RECORD = parseFields('CurrencyIsoCode picklist(3) restricted', { CurrencyIsoCode: CODES })

/** Queryable only in an org with several currencies, as Salesforce's object reference says of it. */
const CURRENCY_TYPE: ObjectDefinition = defineObject({
  name: 'CurrencyType',
  keyPrefix: '01L',
  fields: parseFields(
    `
  IsoCode picklist(40) ro filled
  ConversionRate double ro filled
  DecimalPlaces int ro filled
  IsActive boolean ro
  IsCorporate boolean ro`,
    { IsoCode: CODES },
  ),
  verbs: ['replicate'],
  withoutIsDeleted: true,
})

/** Its rows: dollars are the corporate currency, to which the rates of the others are. */
export const CURRENCY_ROWS = [
  { IsoCode: 'USD', ConversionRate: 1, DecimalPlaces: 2, IsActive: true, IsCorporate: true },
  { IsoCode: 'EUR', ConversionRate: 0.9, DecimalPlaces: 2, IsActive: true, IsCorporate: false },
  { IsoCode: 'GBP', ConversionRate: 0.8, DecimalPlaces: 2, IsActive: true, IsCorporate: false },
  { IsoCode: 'JPY', ConversionRate: 150, DecimalPlaces: 0, IsActive: true, IsCorporate: false },
] as const

/** The objects with amounts that an org with several currencies gives the field to. */
export const WITH_CURRENCY = ['Account', 'Lead', 'Opportunity'] as const

/** The catalog of an org whose admin turned several currencies on, for good. */
export function withCurrencies(catalog: ObjectCatalog): ObjectCatalog {
  const extended = new Map(catalog)
  for (const name of WITH_CURRENCY) {
    const object = catalog.get(name)!
    extended.set(name, { ...object, ...indexFields([...object.fields.values(), ...OF_RECORD]) })
  }
  return extended.set(CURRENCY_TYPE.name, CURRENCY_TYPE)
}
