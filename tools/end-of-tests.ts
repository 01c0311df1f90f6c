import { after } from 'node:test'

/**
 * Loaded before every test file. A file that leaves something running never ends, and then neither does the run: nobody
 * would see which file it was. So it is ended here and fails, with what kept it.
 */

/** After the last test, for servers and clients to be gone. */
const END_WITHIN_MS = 60_000
/** Many times what the slowest file takes on a busy machine. */
const WHOLE_FILE_MS = 20 * 60_000

setTimeout(() => give(`it ran for ${WHOLE_FILE_MS / 60_000} minutes`), WHOLE_FILE_MS).unref()

after(() => {
  setTimeout(() => give(`its tests ended ${END_WITHIN_MS / 1000} s ago`), END_WITHIN_MS).unref()
})

function give(why: string): void {
  const kept = process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap' && name !== 'TTYWrap')
  process.stderr.write(`The file was stopped: ${why}, and these still ran: ${kept.join(', ') || 'nothing known'}\n`)
  process.exit(1)
}
