/** The lines of a compound address in a field table. */
export function addressFields(prefix: string): string {
  const compound = `${prefix}Address`
  return `
  ${prefix}Street textarea(255) in=${compound}
  ${prefix}City string(40) in=${compound}
  ${prefix}State string(80) in=${compound}
  ${prefix}PostalCode string(20) in=${compound}
  ${prefix}Country string(80) in=${compound}
  ${prefix}Latitude double in=${compound}
  ${prefix}Longitude double in=${compound}
  ${prefix}GeocodeAccuracy picklist(40) restricted in=${compound}
  ${compound} address ro`
}
