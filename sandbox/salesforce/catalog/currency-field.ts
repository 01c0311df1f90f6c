import { indexFields, type ObjectCatalog, parseFields } from './object-definition.ts'

const OF_RECORD = parseFields('CurrencyIsoCode picklist(3) restricted', {
  CurrencyIsoCode: ['USD', 'EUR', 'GBP', 'JPY'],
})

/** The objects with amounts that an org with several currencies gives the field to. */
export const WITH_CURRENCY = ['Account', 'Lead', 'Opportunity'] as const

/** The catalog of an org whose admin turned several currencies on, for good. */
export function withCurrencies(catalog: ObjectCatalog): ObjectCatalog {
  const extended = new Map(catalog)
  for (const name of WITH_CURRENCY) {
    const object = catalog.get(name)!
    extended.set(name, { ...object, ...indexFields([...object.fields.values(), ...OF_RECORD]) })
  }
  return extended
}
