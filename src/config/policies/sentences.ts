/** Shortened words, after whose dot a sentence goes on unless the next word can only begin one. */
const SHORT =
  /^(?:inc|incl|excl|ltd|llc|corp|co|cos|bros|plc|pty|st|ste|sts|mt|ft|dr|drs|mr|mrs|ms|prof|hon|rev|gen|sen|rep|gov|jr|sr|no|nos|nr|vs|etc|approx|ca|cf|dept|div|est|ext|fig|vol|min|max|avg|tel|art|abs|bzw|usw|ggf|inkl|evtl|str|ave|blvd|rd|sq|gmb|mbh|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun)$/i
const DOTTED = /^(?:\p{L}{1,3}\.)*\p{L}$/u
const OPENERS =
  /^["“‘(]?(?:the|a|an|it|its|they|their|we|our|you|your|he|she|his|her|this|that|these|those|there|here|all|every|everybody|each|any|some|most|many|other|others|another|no|nobody|none|if|when|where|while|until|unless|because|so|but|then|otherwise|since|after|before|only|both|who|what|why|how|do|does|ask|see|write|is|are|in|on|at|for|from|to|as|of)\b/i

/** How many sentences a reason has, as people count them: "Acme Inc. and Foo Ltd. in St. Gallen" does not end one. */
export function countSentences(text: string): number {
  let count = 0
  let rest = text.trim()
  while (rest !== '') {
    count += 1
    rest = rest.slice(endOf(rest)).trimStart()
  }
  return count
}

function endOf(text: string): number {
  for (const match of text.matchAll(/(?:[.!?]+["”’')]*(?=\s|$))|[。！？]+/gu)) {
    const end = match.index + match[0].length
    const next = text.slice(end).trimStart()
    if (next === '' || /[!?。！？]/u.test(match[0])) return end
    if (!/^["“‘'(]?[\p{Lu}\p{Lt}\p{Lo}\p{N}]/u.test(next)) continue
    const word = /[\p{L}\p{N}.&'’-]+$/u.exec(text.slice(0, match.index))?.[0] ?? ''
    const isShort = match[0].startsWith('.') && (SHORT.test(word) || DOTTED.test(word))
    if (!isShort || OPENERS.test(next)) return end
  }
  return text.length
}
