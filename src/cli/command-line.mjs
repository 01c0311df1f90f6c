/** `USAGE_ERROR` of terminal/usage.ts, for a Node that cannot read TypeScript yet. */
const USAGE_ERROR = 64
const HELP = ['--help', '-h']
const VERSION = ['--version', '-v', 'version']

/**
 * What the launcher is asked for: a command with its arguments, or what to say at once and the exit code.
 * @param {string[]} argv
 * @param {Record<string, [string, string]>} commands
 * @param {() => string} readPackage
 */
export function readCommandLine(argv, commands, readPackage) {
  // `help COMMAND` is `COMMAND --help`.
  const [command, ...args] = argv[0] === 'help' && argv.length > 1 ? [argv[1], HELP[0]] : argv
  const known = Object.keys(commands)
  if (command === undefined || command === 'help' || HELP.includes(command)) {
    const lines = known.map((name) => `  ${name.padEnd(17)}${commands[name][1]}`)
    const usage = 'Usage: npx lanekeeper COMMAND   (COMMAND --help: its options; --version)\n'
    return { says: [usage, ...lines].join('\n'), code: command === undefined ? USAGE_ERROR : 0 }
  }
  if (VERSION.includes(command) || (args.length === 1 && args[0] === VERSION[0] && known.includes(command))) {
    return { says: JSON.parse(readPackage()).version, code: 0 }
  }
  if (known.includes(command)) return { command, args, isHelp: args.some((arg) => HELP.includes(arg)) }
  const isOption = command.startsWith('-')
  const meant = nearestWord(command, isOption ? [HELP[0], VERSION[0]] : known)
  const says = `There is no ${isOption ? 'option' : 'command'} "${command}"; did you mean "${meant}"?`
  return { says: `${says} The commands are: ${known.join(', ')}`, code: USAGE_ERROR }
}

/** As src/config/nearest-name.ts. */
function nearestWord(written, known) {
  const distances = new Map(known.map((word) => [word, distance(written, word)]))
  return [...known].sort((a, b) => distances.get(a) - distances.get(b))[0]
}

/** How many letters to add, drop or change. */
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]
}
