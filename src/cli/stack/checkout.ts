import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Lanekeeper's own, also where it was unpacked without its history. */
const OWN = fileURLToPath(new URL('../../..', import.meta.url))

/** The checkout that a file would lie in, where a commit could publish it. Null: in none. */
export function checkoutAround(file: string): string | null {
  let folder = existingFolder(dirname(resolve(file)))
  const own = relative(realpathSync(OWN), folder)
  if (own === '' || !/^\.\.|^[A-Za-z]:|^[\\/]/.test(own)) return realpathSync(OWN)
  for (;;) {
    if (existsSync(join(folder, '.git'))) return folder
    const above = dirname(folder)
    if (above === folder) return null
    folder = above
  }
}

/** Without links, because a link may lead into a checkout. */
function existingFolder(folder: string): string {
  while (!existsSync(folder)) folder = dirname(folder)
  return realpathSync(folder)
}
