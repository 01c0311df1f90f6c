import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileText } from '../yaml/file-text.ts'
import { parseYaml } from '../yaml/positioned-yaml.ts'
import { MarksDocument, type NamedMark } from './marks-document.ts'

/** What `marks.yaml` names, which only the sandbox takes. None where the file is not there or has a mistake. */
export function namedMarks(dir: string): readonly NamedMark[] {
  const file = join(dir, 'marks.yaml')
  if (!existsSync(file)) return []
  const read = fileText(readFileSync(file))
  if (!read.ok) return []
  const parsed = parseYaml(read.text, MarksDocument)
  return parsed.ok ? parsed.value.marks : []
}
