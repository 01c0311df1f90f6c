import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { nearestName } from '../../config/nearest-name.ts'

/** The command line was not understood (`EX_USAGE` of sysexits.h): told apart from every answer of a command. */
export const USAGE_ERROR = 64

export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The options of a command. Throws `UsageError` for what it does not know, with the option that was probably meant. */
export function readOptions<const Options extends ParseArgsOptionsConfig>(args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    const [, unknown] = /^Unknown option '-{1,2}([^']*)'/.exec(error.message) ?? []
    const nearest = unknown === undefined ? undefined : nearestName(unknown, Object.keys(options))
    const says = nearest === undefined ? error.message : `There is no option --${unknown}; did you mean --${nearest}?`
    throw new UsageError(says, { cause: error })
  }
}
