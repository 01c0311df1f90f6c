import type {
  CrmClient,
  CrmTask,
  ItemOutcome,
  OwnerFieldWrite,
  TaskLink,
  TaskWrite,
  UserAnswer,
} from '../../src/crm/crm-client.ts'
import type { WriteGate } from '../../src/crm/write-gate.ts'
import type { ChangeEvent, ConnectionId, Crm, FieldText } from '../../src/model/record/change-event.ts'
import type { CrmUser } from '../../src/model/record/crm-user.ts'
import { objectShape } from '../../src/model/record/object-shape.ts'

export type FakeTask = TaskWrite & { readonly id: string; status: 'open' | 'done' }

/** What happens to the next write: done but the answer lost, nothing done and the answer lost, or refused. */
export type WriteFault = 'lost-after-commit' | 'lost-before-commit' | 'refused'

/**
 * A CRM in memory behind the verbs that the pipeline uses: for tests of the pipeline alone. What the real CRMs do is
 * tested with the adapters against the sandbox; this one only has to be able to fail at the exact moment a test needs.
 */
export class FakeCrm {
  readonly crm: Crm
  readonly connectionId: ConnectionId
  readonly records = new Map<string, Record<string, FieldText>>()
  readonly tasks = new Map<string, FakeTask>()
  readonly users: CrmUser[] = []
  /** What the next lists hold, where that is not all users. */
  listed: CrmUser[] | null = null
  /** Ids that cannot be read by themselves now. */
  readonly unreadable = new Set<string>()
  readonly calls: string[] = []
  taskKeyEnforced = true
  /** Without a key: tasks on no record are found by an index, which does not show these. Null: it shows all. */
  notIndexed: Set<string> | 'all' | null = null
  /** Like an upsert of HubSpot: a task is created without its record, and linked by a call of its own. */
  linksApart = false
  /** `task/record` that are linked apart. */
  readonly links = new Set<string>()
  faults: WriteFault[] = []
  /** Between the gate's word and the bytes. */
  beforeBytes: () => Promise<void> = async () => undefined
  #clockMs: number
  #next = 1

  constructor(crm: Crm, connectionId: string, nowMs: number) {
    this.crm = crm
    this.connectionId = connectionId as ConnectionId
    this.#clockMs = nowMs
  }

  person(email: string, options: { readonly active?: boolean } = {}): string {
    const userId = `user-${this.#next++}`
    this.users.push({
      connectionId: this.connectionId,
      userId,
      kind: 'person',
      email,
      name: email,
      active: options.active ?? true,
      activeMembers: 0,
      timeZone: 'Europe/Berlin',
    })
    return userId
  }

  /** A change by somebody else, as the event that the CRM would send. */
  change(objectType: string, recordId: string, fields: Record<string, FieldText>, at = this.#tick()): ChangeEvent {
    const key = `${objectType}/${recordId}`
    this.records.set(key, { ...(this.records.get(key) ?? this.#unowned(objectType)), ...fields })
    return {
      connectionId: this.connectionId,
      dedupeKey: `${key}/${at}/${Object.keys(fields).join(',')}`,
      objectType,
      recordId,
      kind: 'changed',
      occurredAtMs: at,
      order: 0,
      fields,
      complete: false,
      source: 'webhook',
      actor: { kind: 'person', id: null, ours: false },
    }
  }

  /** A CRM shows the owner of every record that has one to show, also where nobody is it. */
  #unowned(objectType: string): Record<string, FieldText> {
    const owner = objectShape(this.crm, objectType)?.owner
    return owner === undefined ? {} : { [owner]: null }
  }

  #tick(): number {
    this.#clockMs += 1_000
    return this.#clockMs
  }

  client(): CrmClient {
    return {
      crm: this.crm,
      connectionId: this.connectionId,
      identify: async () => ({
        accountId: '1',
        title: 'fake',
        timeZone: null,
        actorId: null,
        actorName: null,
        edition: null,
        pagesUrl: null,
      }),
      users: async () => this.listed ?? this.users,
      usersById: async (userIds) => {
        this.calls.push(`usersById ${userIds.length}`)
        return userIds.map((userId) => this.#answerFor(userId))
      },
      describe: async (objectType) => ({ objectType, fields: [] }),
      clockAheadMs: () => null,
      changedSince: async ({ objectType, source }) => {
        this.calls.push(`changedSince ${objectType}`)
        const events = [...this.records.keys()]
          .filter((key) => key.startsWith(`${objectType}/`))
          .map((key) => this.#reading(key, source))
        return { events, cursor: null, unreadable: [], total: events.length }
      },
      readRecords: async ({ objectType, ids }) => {
        this.calls.push(`readRecords ${ids.length}`)
        const keys = ids.map((id) => `${objectType}/${id}`)
        return {
          events: keys.filter((key) => this.records.has(key)).map((key) => this.#reading(key, 'poll')),
          missing: ids.filter((id) => !this.records.has(`${objectType}/${id}`)),
        }
      },
      writeTasks: (tasks, gate) => this.#write('writeTasks', tasks, gate, (task) => this.#writeTask(task)),
      findTasks: async (lookups) => {
        this.calls.push(`findTasks ${lookups.length}`)
        const found = new Map<string, CrmTask | null>()
        for (const { key, about } of lookups) {
          const isSearched = !this.taskKeyEnforced && about === null
          const [task, ...others] = [...this.tasks.values()].filter(
            (t) => t.key === key && !(isSearched && this.#isHidden(t.id)),
          )
          if (isSearched && !task) found.set(key, null)
          if (task) {
            const { id: taskId, status, ownerId } = task
            const more = others.length === 0 ? {} : { others: others.map(({ id }) => id) }
            const unlinked = this.linksApart ? { unlinked: true } : {}
            found.set(key, { taskId, key, status, ownerId, completedAtMs: null, ...more, ...unlinked })
          }
        }
        return found
      },
      ...(this.linksApart && {
        linkTasks: (links, gate) => this.#write('linkTasks', links, gate, (link) => this.#linkTask(link)),
      }),
      writeOwners: (writes, gate) => this.#write('writeOwners', writes, gate, (write) => this.#writeOwner(write)),
      recordUrl: (objectType, recordId) => `fake:${objectType}/${recordId}`,
      taskUrl: (taskId) => `fake:task/${taskId}`,
    }
  }

  openTasks(): FakeTask[] {
    return [...this.tasks.values()].filter((task) => task.status === 'open')
  }

  #isHidden(taskId: string): boolean {
    return this.notIndexed === 'all' || (this.notIndexed?.has(taskId) ?? false)
  }

  #answerFor(userId: string): UserAnswer {
    if (this.unreadable.has(userId)) return { userId, answer: 'unknown', why: 'the CRM did not answer' }
    const user = this.users.find((one) => one.userId === userId)
    return user === undefined ? { userId, answer: 'gone' } : { userId, answer: 'there', user }
  }

  #reading(key: string, source: 'poll' | 'baseline'): ChangeEvent {
    const [objectType = '', recordId = ''] = key.split('/')
    return {
      ...this.change(objectType, recordId, {}, this.#clockMs),
      dedupeKey: `${key}/read/${this.#clockMs}/${JSON.stringify(this.records.get(key))}`,
      fields: this.records.get(key)!,
      complete: true,
      source,
      actor: { kind: 'unknown', id: null, ours: false },
    }
  }

  /** As the adapters do it: what the gate keeps back is not in the call, and without anything left there is none. */
  async #write<T extends { readonly key: string }>(
    verb: string,
    items: readonly T[],
    gate: WriteGate | undefined,
    write: (item: T) => ItemOutcome,
  ): Promise<ItemOutcome[]> {
    const grant = await gate?.ask(items.map(({ key }) => key))
    const allowed = items.filter(({ key }) => grant === undefined || grant.allowed.has(key))
    const kept = items.filter((item) => !allowed.includes(item))
    const withheld = kept.map(({ key }): ItemOutcome => ({ key, outcome: 'withheld', why: gate?.withheld(key) ?? '' }))
    if (allowed.length === 0) return withheld
    await this.beforeBytes()
    if (grant?.mayLeave() === false) {
      return [
        ...withheld,
        ...allowed.map(({ key }): ItemOutcome => ({ key, outcome: 'retry', why: 'late', retryAtMs: null })),
      ]
    }
    this.calls.push(`${verb} ${allowed.length}`)
    return [...withheld, ...this.#answer(allowed, write)]
  }

  #answer<T extends { readonly key: string }>(items: readonly T[], write: (item: T) => ItemOutcome): ItemOutcome[] {
    const fault = this.faults.shift()
    if (fault === 'refused')
      return items.map(({ key }) => ({ key, outcome: 'refused', code: 'NO', why: 'a validation rule says no' }))
    if (fault === 'lost-before-commit') return items.map(({ key }) => ({ key, outcome: 'unknown', why: 'no answer' }))
    const outcomes = items.map(write)
    return fault === 'lost-after-commit'
      ? items.map(({ key }) => ({ key, outcome: 'unknown', why: 'no answer' }))
      : outcomes
  }

  #writeTask(task: TaskWrite): ItemOutcome {
    const byKey = this.taskKeyEnforced ? [...this.tasks.values()].find((t) => t.key === task.key) : undefined
    const id = task.taskId ?? byKey?.id ?? `task-${this.#next++}`
    if (task.taskId !== null && !this.tasks.has(task.taskId)) return { key: task.key, outcome: 'gone', why: 'deleted' }
    const before = this.tasks.get(id)
    const { about } = before === undefined || task.rehang ? task : before
    const isThere =
      about === null || about === before?.about || this.records.has(`${about.objectType}/${about.recordId}`)
    this.tasks.set(id, { ...task, id, about: isThere ? about : (before?.about ?? null) })
    const isApart = this.linksApart && (task.taskId === null || task.rehang)
    if (isApart) return { key: task.key, outcome: 'done', id, unlinked: true }
    return { key: task.key, outcome: 'done', id, ...(isThere ? {} : { notHung: 'the record is deleted' }) }
  }

  #linkTask({ key, taskId, about }: TaskLink): ItemOutcome {
    if (!this.records.has(`${about.objectType}/${about.recordId}`)) return { key, outcome: 'gone', why: 'deleted' }
    this.links.add(`${taskId}/${about.recordId}`)
    return { key, outcome: 'done', id: taskId }
  }

  #writeOwner(write: OwnerFieldWrite): ItemOutcome {
    const key = `${write.objectType}/${write.recordId}`
    if (!this.records.has(key)) return { key: write.key, outcome: 'gone', why: 'deleted' }
    this.records.set(key, { ...this.records.get(key), [write.field]: write.to })
    return { key: write.key, outcome: 'done', id: write.recordId }
  }
}
