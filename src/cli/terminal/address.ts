import { UsageError } from './usage.ts'

export const NOTHING_RUNS =
  'Nothing runs with this DATA_DIR: start Lanekeeper with "npm start", or set DATA_DIR or DATABASE_URL.\n'

/** The e-mail a command was given, in lower case. Throws `UsageError` where it is none. */
export function readAddress(given: string | undefined, command: string): string {
  if (given === undefined) throw new UsageError(`Say whose e-mail: lanekeeper ${command} you@company.com`)
  const address = given.trim().toLowerCase()
  if (!/^[^\s@]+@[^\s@]+$/.test(address)) throw new UsageError(`"${given}" is no e-mail`)
  return address
}
