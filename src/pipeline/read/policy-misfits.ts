import { misfits } from '../../model/policy/misfits.ts'
import type { PolicyPath } from '../../model/policy/placed-conditions.ts'
import { objectShape } from '../../model/record/object-shape.ts'
import type { NoticeBoard, NoticeConnection } from '../../notices/notice-board.ts'
import { ENDINGS, SENTENCES } from '../../notices/texts.ts'
import type { Database } from '../../store/database/database.ts'
import { inTransaction } from '../../store/database/transaction.ts'
import { policySources } from '../../store/decisions/policy-sources.ts'
import { queueRedecision } from '../../store/decisions/redecide-queue.ts'
import { describedObjects } from '../../store/records/described-objects.ts'

/** Where a part of a policy stands in its text; null: not found there. */
type PlaceIn = (source: string, path: PolicyPath) => { readonly line: number; readonly column: number } | null

type MisfitDependencies = {
  readonly db: Database
  readonly connection: NoticeConnection
  readonly board: NoticeBoard
  readonly placeIn: PlaceIn
}

const CODE = 'policy-misfit'

/**
 * Says of each rule that asks for what the CRM does not have, by its last description of its fields, that it does, once
 * and with the place in the file. The policy runs on: what nobody can answer is unknown for the records that reach the rule
 * (`fitPolicy`).
 * Returns what was not said before, for the log.
 */
export async function checkMisfits(deps: MisfitDependencies): Promise<string[]> {
  const { db, connection, board } = deps
  const { objects } = await describedObjects(db, connection.id)
  const present = new Set<string>()
  const news: string[] = []
  let isChanged = false
  for (const { policy, file, source } of await policySources(db)) {
    const found = objects.flatMap(({ objectType, fields, skip }) =>
      objectShape(connection.crm, objectType) === undefined
        ? []
        : misfits(policy, connection.crm, objectType, fields, skip),
    )
    for (const [part, some] of Map.groupBy(found, (misfit) => misfit.part)) {
      const subject = `${policy.workflow}: ${part}`
      const sentence = SENTENCES[CODE]({
        ...connection,
        workflow: policy.title,
        part,
        place: placeOf(deps, file, source, some[0]!.path),
        says: [...new Set(some.map(({ says }) => says))],
        remedies: [...new Set(some.map(({ remedy }) => remedy))],
        stops: some.some(({ stops }) => stops),
      })
      present.add(subject)
      if (board.find(connection.id, CODE, subject) !== undefined) continue
      news.push(`${sentence.message} ${sentence.remedy}`)
      isChanged = true
      board.raise(connection, { code: CODE, subject }, sentence)
    }
  }
  for (const { code, subject } of board.openOf(connection.id)) {
    if (code !== CODE || present.has(subject)) continue
    board.end(connection.id, CODE, subject, ENDINGS[CODE]())
    isChanged = true
  }
  // What was decided under the other description may be unknown now, or known again.
  if (isChanged) await inTransaction(db, (trx) => queueRedecision(trx, connection.id))
  return news
}

function placeOf({ placeIn }: MisfitDependencies, file: string, source: string, path: PolicyPath): string {
  // The table that all workflows share is another file, of which only the content is kept.
  if (path[0] === 'territories') return `territories.yaml, row ${Number(path[1]) + 1}`
  const place = placeIn(source, path)
  return place === null ? file : `${file}:${place.line}:${place.column}`
}
