import type { CrmClient, CrmTask, ItemOutcome, OwnerFieldWrite, TaskWrite } from '../../../src/crm/crm-client.ts'
import type { ChangeEvent, ChangeSource, ConnectionId } from '../../../src/model/record/change-event.ts'
import type { CrmUser } from '../../../src/model/record/crm-user.ts'
import type { Card, Cardbox, Keeper } from './cardbox.ts'

const PAGE = 2

export function cardboxClient(box: Cardbox, connectionId: ConnectionId): CrmClient {
  const event = (card: Card, fields: readonly string[], source: ChangeSource): ChangeEvent => ({
    connectionId,
    dedupeKey: `${card.kind}/${card.id}/${card.touchedAtMs}`,
    objectType: card.kind,
    recordId: card.id,
    kind: 'changed',
    occurredAtMs: card.touchedAtMs,
    order: 0,
    // Also what is blank: a field of which nothing is said would count as not read.
    fields: Object.fromEntries(fields.map((field) => [field, card.fields[field] ?? null])),
    complete: true,
    source,
    actor: { kind: 'unknown', id: null, ours: false },
  })
  return {
    crm: 'cardbox',
    connectionId,
    identify: async () => ({
      accountId: '7',
      title: 'The box on the shelf',
      timeZone: 'Europe/Berlin',
      actorId: null,
      actorName: null,
      edition: null,
      pagesUrl: null,
    }),
    users: async () => box.keepers.map((keeper) => crmUser(keeper, connectionId)),
    usersById: async (userIds) =>
      userIds.map((userId) => {
        const keeper = box.keepers.find(({ id }) => id === userId)
        if (keeper === undefined) return { userId, answer: 'gone' }
        return { userId, answer: 'there', user: crmUser(keeper, connectionId) }
      }),
    describe: async (objectType) => ({ objectType, fields: [] }),
    async changedSince({ objectType, sinceMs, cursor, fields, source }) {
      const found = box.of(objectType).filter(({ touchedAtMs }) => touchedAtMs >= sinceMs)
      const from = Number(cursor ?? 0)
      const events = found.slice(from, from + PAGE).map((card) => event(card, fields, source))
      return { events, cursor: from + PAGE < found.length ? String(from + PAGE) : null, unreadable: [], total: null }
    },
    async readRecords({ objectType, ids, fields }) {
      const found = ids.flatMap((id) => box.cards.get(`${objectType}/${id}`) ?? [])
      const known = new Set(found.map(({ id }) => id))
      return { events: found.map((card) => event(card, fields, 'poll')), missing: ids.filter((id) => !known.has(id)) }
    },
    writeTasks: async (tasks) => tasks.map((task) => writeTask(box, task)),
    async findTasks(lookups) {
      const found = new Map<string, CrmTask>()
      for (const { key } of lookups) {
        const card = box.of('todos').find(({ fields }) => fields.key === key)
        if (card) found.set(key, taskOf(card))
      }
      return found
    },
    writeOwners: async (writes) => writes.map((write) => writeOwner(box, write)),
    clockAheadMs: () => null,
    recordUrl: (objectType, recordId) => `https://cardbox.example/${objectType}/${recordId}`,
    taskUrl: (taskId) => `https://cardbox.example/todos/${taskId}`,
  }
}

function crmUser({ id, mail, isActive }: Keeper, connectionId: ConnectionId): CrmUser {
  return {
    connectionId,
    userId: id,
    kind: 'person',
    email: mail,
    name: mail,
    active: isActive,
    activeMembers: 0,
    timeZone: null,
  }
}

function writeTask(box: Cardbox, { key, taskId, ownerId, subject, body, status, about }: TaskWrite): ItemOutcome {
  const stand = status === 'done' ? 'done' : 'open'
  const fields = { key, keeper: ownerId, label: subject, text: body, stand, about: about?.recordId ?? null }
  const known = taskId ?? box.of('todos').find((card) => card.fields.key === key)?.id
  if (known === undefined) return { key, outcome: 'done', id: box.add('todos', fields) }
  if (!box.edit('todos', known, fields)) return { key, outcome: 'gone', why: 'no such card' }
  return { key, outcome: 'done', id: known }
}

function writeOwner(box: Cardbox, { key, objectType, recordId, field, to }: OwnerFieldWrite): ItemOutcome {
  if (!box.edit(objectType, recordId, { [field]: to })) return { key, outcome: 'gone', why: 'no such card' }
  return { key, outcome: 'done', id: recordId }
}

function taskOf({ id, fields }: Card): CrmTask {
  const status = fields.stand === 'open' ? 'open' : 'done'
  return { taskId: id, key: fields.key ?? null, status, ownerId: fields.keeper ?? null, completedAtMs: null }
}
