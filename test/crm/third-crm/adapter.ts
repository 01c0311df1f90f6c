import { z } from 'zod'
import type { CrmAdapter } from '../../../src/crm/crm-adapter.ts'
import type { Cardbox } from './cardbox.ts'
import { cardboxClient } from './client.ts'
import { CARDBOX } from './profile.ts'

const TASK_KEY = { enforced: true, field: 'key', why: 'A box holds one card of a key.' }

/** Reads and writes the given box, whatever the address says. */
export function cardboxAdapter(box: Cardbox): CrmAdapter {
  return {
    profile: CARDBOX,
    grants: {
      kinds: ['cardbox-key'],
      kindsWithLogin: [],
      problems: ({ key }) => (key === '' ? [{ field: 'key', message: 'Enter the key of the box.' }] : []),
      feed: () => 'poll',
      withClientSecret: (grant) => ({ grant }),
    },
    addressProblems: () => [],
    open: ({ connectionId }) => {
      const client = cardboxClient(box, connectionId)
      return {
        client,
        setup: {
          checkAccess: async () => ({
            identity: await client.identify(),
            checks: [],
            objects: [],
            limits: null,
            streamSlots: null,
          }),
          probeTaskKey: async () => TASK_KEY,
          createTaskKey: async () => TASK_KEY,
          count: async (objectType) => box.of(objectType).length,
          revoke: async () => ({ revoked: true, message: 'The key is gone.' }),
        },
        stream: null,
        territories: null,
      }
    },
    authorization: () => null,
    redirectProblem: () => null,
    pages: {
      recordUrl: (_account, objectType, recordId) => `https://cardbox.example/${objectType}/${recordId}`,
      taskUrl: (_account, taskId) => `https://cardbox.example/todos/${taskId}`,
      accountUrl: () => 'https://cardbox.example',
    },
    webhook: null,
    form: {
      requests: [
        z.object({ kind: z.literal('cardbox-key'), key: z.string() }).transform(({ kind, key }) => ({
          grant: { kind, key },
          address: ADDRESS,
          webhookUrl: null,
          connectionId: null,
        })),
      ],
      options: () => ({ hint: 'The key hangs on the box.' }),
      terminal: {
        kinds: ['key'],
        kindsInBrowser: [],
        options: {},
        ask: async (terminal) => ({
          grant: { kind: 'cardbox-key', key: await terminal.secret('Key of the box:', 'token') },
          address: ADDRESS,
          webhookUrl: null,
        }),
      },
    },
    appProject: null,
  }
}

const ADDRESS = { baseUrl: 'https://cardbox.example', apiVersion: '1', pubsubAddress: null }
