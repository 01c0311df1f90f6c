import type { TaskKeySupport } from '../../crm-client.ts'
import type { SalesforceObject } from '../rest/schemas.ts'

export type TaskKeyProbe = TaskKeySupport & {
  /** What an admin has to set up; null when it is there. */
  readonly remedy: string | null
}

/** An admin makes this field: REST cannot create fields, and we do not deploy metadata. */
export const TASK_KEY_FIELD = 'Lanekeeper_Key__c'

const TASK_KEY_REMEDY = `In Setup > Object Manager > Activity > Fields, create a Text(255) field "Lanekeeper Key" (${TASK_KEY_FIELD}) with Unique and External ID ticked, visible and editable for our user.`

/** Whether the org refuses a second task with our key, by the description of Task. */
export function probeTaskKey({ byName }: Pick<SalesforceObject, 'byName'>): TaskKeyProbe {
  const field = byName.get(TASK_KEY_FIELD)
  if (field?.externalId === true && field.unique && field.writable) {
    return {
      enforced: true,
      field: TASK_KEY_FIELD,
      why: `${TASK_KEY_FIELD} is a unique external id of Task`,
      remedy: null,
    }
  }
  const found = field
    ? `${TASK_KEY_FIELD} is there but not a writable, unique external id`
    : `Task has no ${TASK_KEY_FIELD}`
  return {
    enforced: false,
    field: null,
    why: `${found}; until then a task is found again by its record and a short key in its subject`,
    remedy: TASK_KEY_REMEDY,
  }
}
