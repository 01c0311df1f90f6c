/** Writes lines for people, with one line at the bottom that is refreshed in place where there is a terminal. */
export type LiveLine = {
  /** Above the live line, to stay. */
  say(text: string): void
  /** Replaces the live line. Without a terminal it is printed only when it differs. */
  show(text: string): void
  /** Removes the live line. */
  end(): void
}

type Output = {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

export function liveLine(output: Output): LiveLine {
  let current = ''
  const clear = () => {
    if (current && output.isTTY) output.write('\r\x1b[2K')
  }
  return {
    say(text) {
      clear()
      output.write(`${text}\n`)
      if (current && output.isTTY) output.write(current)
    },
    show(text) {
      if (!output.isTTY) {
        if (text !== current) output.write(`${text}\n`)
        current = text
        return
      }
      clear()
      const columns = (output.columns ?? 80) - 1
      current = text.length > columns ? `${text.slice(0, columns - 1)}…` : text
      output.write(current)
    },
    end() {
      clear()
      current = ''
    },
  }
}
