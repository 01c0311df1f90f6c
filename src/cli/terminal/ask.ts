import { createInterface } from 'node:readline/promises'

/** Questions to the person at the terminal. Without one, nothing is asked and the caller says which option is missing. */
export type Ask = {
  readonly isTerminal: boolean
  /** The answer without surrounding blanks; `otherwise` for an empty one. */
  text(question: string, otherwise?: string): Promise<string>
  /** Nothing of the answer is shown. */
  secret(question: string): Promise<string>
  yes(question: string): Promise<boolean>
}

export function askAtTerminal(input = process.stdin, output = process.stderr): Ask {
  const line = async (question: string): Promise<string> => {
    const reader = createInterface({ input, output })
    try {
      return (await reader.question(question)).trim()
    } finally {
      reader.close()
    }
  }
  return {
    isTerminal: input.isTTY === true,
    async text(question, otherwise) {
      const answer = await line(otherwise ? `${question} [${otherwise}] ` : `${question} `)
      return answer || (otherwise ?? '')
    },
    secret: (question) => hiddenLine(`${question} `, input, output),
    async yes(question) {
      return /^y(es)?$/i.test(await line(`${question} [y/N] `))
    },
  }
}

/** Raw mode, because a reader that echoes nothing still lets the terminal echo. */
function hiddenLine(question: string, input: NodeJS.ReadStream, output: NodeJS.WriteStream): Promise<string> {
  output.write(question)
  input.setRawMode(true)
  input.resume()
  input.setEncoding('utf8')
  return new Promise((resolve, reject) => {
    let answer = ''
    const end = (settle: () => void) => {
      input.off('data', take)
      input.setRawMode(false)
      input.pause()
      output.write('\n')
      settle()
    }
    // Pasted text arrives as one piece, with its line end.
    const take = (piece: string) => {
      for (const letter of piece) {
        if (letter === '\r' || letter === '\n') return end(() => resolve(answer.trim()))
        if (letter === '\u0003') return end(() => reject(new Error('Stopped')))
        answer = letter === '\u007f' || letter === '\b' ? answer.slice(0, -1) : answer + letter
      }
    }
    input.on('data', take)
  })
}
