import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { record } from '../../../test/support/example.ts'
import { taskClosedAtMs } from './task-closed.ts'

const at = (atMs: number) => ({ atMs, order: 0 })
const task = (status: string, over = {}) =>
  record('hubspot', 'tasks', { hs_task_status: status }, { stamps: { hs_task_status: at(5_000) }, ...over })

describe('the time at which a task was closed', () => {
  it('is the time of the closing status, in the words of each CRM', () => {
    assert.equal(taskClosedAtMs(task('COMPLETED')), 5_000)
    const closed = record('salesforce', 'Task', { IsClosed: 'true' }, { stamps: { IsClosed: at(6_000) } })
    assert.equal(taskClosedAtMs(closed), 6_000)
  })

  it('is none for a task that is open, or open again', () => {
    assert.equal(taskClosedAtMs(task('NOT_STARTED')), 0)
    assert.equal(taskClosedAtMs(record('salesforce', 'Task', { IsClosed: 'false' })), 0)
  })

  it('is the time of the deletion where that came later', () => {
    const stamps = { hs_task_status: at(5_000), '@deleted': at(9_000) }
    assert.equal(taskClosedAtMs(task('COMPLETED', { deleted: true, stamps })), 9_000)
    assert.equal(taskClosedAtMs(task('NOT_STARTED', { deleted: true, stamps })), 9_000)
  })

  it('is earlier than every other time where the CRM names none', () => {
    assert.equal(taskClosedAtMs(task('COMPLETED', { stamps: {} })), 1)
    assert.equal(taskClosedAtMs(task('NOT_STARTED', { deleted: true, stamps: {} })), 1)
  })

  it('is unknown to records that are no tasks', () => {
    assert.equal(taskClosedAtMs(record('hubspot', 'contacts', {})), null)
  })
})
