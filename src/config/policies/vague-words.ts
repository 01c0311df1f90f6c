const VAGUE =
  /\b(?:ai|a\.i\.|gpt|llm|smart|smarter|intelligent|intelligence|magic|synergy|transformation|optimi[sz](?:e|es|ed|er|ing|ation|ations)|improv(?:e|es|ed|ing|ement|ements)|better|next[- ]gen\w*|cutting[- ]edge|automation)\b/gi

/** Words that stand beside a vague word without making a name of it: "Smart Lead Routing" is no product. */
const ORDINARY =
  /^(?:leads?|contacts?|accounts?|compan(?:y|ies)|deals?|opportunit(?:y|ies)|records?|customers?|owners?|ownership|routing|assignments?|workflows?|process(?:es)?|data|sales|pipelines?|platforms?|engines?|systems?|solutions?|decisions?|governance|management|quality|revenue|territor(?:y|ies)|crm|hubspot|salesforce|for|of|to|the|a|an|and|or|by|with|from|in|on|at|as|use|using|via|our|all|every|route[sd]?|assigns?|gives?|keeps?|moves?|sends?|hands?|sets?|makes?|more|most)$/i

/**
 * The first word that says nothing of what a workflow does; null where there is none. In a name it is no wish: Smart Home,
 * Better Mortgage and Building Automation are companies and products, told by the capital of the word and of its neighbor.
 */
export function vagueWord(text: string): string | null {
  for (const match of text.matchAll(VAGUE)) {
    if (!isInName(text, match.index, match[0])) return match[0]
  }
  return null
}

/** The same for an id, whose words have no capitals: what its title writes as a name is one here, too. */
export function vagueWordOfId(id: string, title: string): string | null {
  for (const [word] of id.replaceAll('-', ' ').matchAll(VAGUE)) {
    const inTitle = [...title.matchAll(VAGUE)].filter(([one]) => one.toLowerCase() === word.toLowerCase())
    if (inTitle.length === 0 || inTitle.some((one) => !isInName(title, one.index, one[0]))) return word
  }
  return null
}

function isInName(text: string, at: number, word: string): boolean {
  if (!/^\p{Lu}/u.test(word)) return false
  const before = /([\p{L}\p{N}&'’.]+)[ -]$/u.exec(text.slice(0, at))?.[1]
  const after = /^[ -]([\p{L}\p{N}&'’.]+)/u.exec(text.slice(at + word.length))?.[1]
  // The first word of a sentence has its capital anyway.
  const isFirst = before !== undefined && text.slice(0, at).trim() === before
  return (before !== undefined && !isFirst && isNameWord(before)) || (after !== undefined && isNameWord(after))
}

function isNameWord(word: string): boolean {
  return /^[\p{Lu}\p{N}]/u.test(word) && !ORDINARY.test(word) && word.search(VAGUE) === -1
}
