import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileText } from '../yaml/file-text.ts'
import { parseYaml } from '../yaml/positioned-yaml.ts'
import { AdminsDocument } from './people-document.ts'

/** E-mails under `admins` of `people.yaml`, which only the sandbox takes. None where the file is not there or has a mistake. */
export function namedAdmins(dir: string): readonly string[] {
  const file = join(dir, 'people.yaml')
  if (!existsSync(file)) return []
  const read = fileText(readFileSync(file))
  if (!read.ok) return []
  const parsed = parseYaml(read.text, AdminsDocument)
  return parsed.ok ? parsed.value : []
}
