/** Shorter texts are words that happen to be entered, not secrets; taking them out would mangle the sentence. */
const SECRET_MIN = 6

/**
 * The text with every string of `secrets` (grants, tokens, codes; nested as they come) taken out, also as a URL or a form
 * spells it. Adapters keep them out of their errors; this is for what a CRM repeats in its own words.
 */
export function withoutSecrets(text: string, secrets: readonly unknown[]): string {
  let clean = text
  for (const secret of stringsIn(secrets)) {
    for (const spelling of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])) {
      clean = clean.replaceAll(spelling, '•••')
    }
  }
  return clean
}

/** Longest first, so that one inside another leaves nothing of it. Kinds, ids and addresses are not secret. */
function stringsIn(value: unknown): string[] {
  const found = new Set<string>()
  const visit = (part: unknown, key: string) => {
    if (typeof part === 'string') {
      if (part.length >= SECRET_MIN && !OPEN.has(key)) found.add(part)
    } else if (typeof part === 'object' && part !== null) {
      for (const [name, inner] of Object.entries(part)) visit(inner, Array.isArray(part) ? key : name)
    }
  }
  visit(value, '')
  return [...found].sort((a, b) => b.length - a.length)
}

const OPEN = new Set(['kind', 'appId', 'clientId', 'username', 'instanceUrl', 'accountId', 'userId', 'scopes'])
