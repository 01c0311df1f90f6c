import { writingStands } from '../../people/writing.ts'
import type { Database } from '../../store/database/database.ts'
import { namesOf } from '../../store/people/persons.ts'
import type { ConnectionView } from './connection-types.ts'

type WritingView = ConnectionView['writing']

/** Of connections that are only read: who has said yes to writing, and whose yes is missing. */
export async function readWriting(db: Database, connectionIds: readonly string[]): Promise<Map<string, WritingView>> {
  const views = new Map<string, WritingView>()
  for (const id of connectionIds) {
    const { given, waitsFor, unowned } = await writingStands(db, id)
    const personIds = given.map((by) => by.replace(/^person:/, ''))
    const names = await namesOf(db, [...personIds, ...waitsFor])
    const titles = await db.selectFrom('workflow').select(['workflow', 'title']).execute()
    views.set(id, {
      given: personIds.map((one) => names.get(one) ?? one),
      waitsFor: waitsFor.map((one) => names.get(one) ?? one),
      unowned: unowned.map((name) => titles.find(({ workflow }) => workflow === name)?.title ?? name),
    })
  }
  return views
}
