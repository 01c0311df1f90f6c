import type { TaskWrite } from '../../../src/crm/crm-client.ts'
import { DAY, nowMs } from './stage.ts'

/** An open task on contact 1, with everything a test does not care about. */
export function task(key: string, over: Partial<TaskWrite> = {}): TaskWrite {
  return {
    key,
    taskId: null,
    ownerId: '501',
    subject: `Risky: duplicate owner of ${key}`,
    body: 'What happened.\n\nWhat to do.',
    dueAtMs: nowMs + DAY,
    timeZone: 'Europe/Madrid',
    priority: 'high',
    status: 'open',
    about: { objectType: 'contacts', recordId: '1' },
    rehang: false,
    ...over,
  }
}
