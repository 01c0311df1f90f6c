import { type ServiceError, status } from '@grpc/grpc-js'
import type { AccessFindings } from '../../../model/record/crm-facts.ts'
import { CrmRefusedError } from '../../crm-client.ts'
import type { AccessNeeds } from '../../crm-setup.ts'
import type { OpenedSalesforce } from '../client/client.ts'
import type { SessionKeeper } from '../login/session.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { text } from '../rest/query.ts'
import { openChannel, type PubSubChannel } from '../stream/pubsub-channel.ts'
import { AccessAnswer, type Ask } from './probes.ts'

/** The channel that we subscribe to: everything that is selected. */
export const CHANGE_EVENTS_TOPIC = '/data/ChangeEvents'

/** Without the add-on an org may select this many entities, counted over all channels (vendor's allocations page). */
const SELECTED_MAX = 5

const SELECT = 'Salesforce Setup > Integrations > Change Data Capture'
const VIEW_SETUP =
  'Salesforce Setup > Permission Sets, in one assigned to our user: System Permissions > View Setup and Configuration.'

/**
 * Whether changes will reach us as they happen. Two things have to be true of each object: it is selected for change data
 * capture, and our user may see all of its records. The common channel says neither: what is missing is just not there.
 * So each object's own channel is asked about, which refuses where the common one is silent.
 */
export async function checkStream(
  opened: OpenedSalesforce & { readonly pubsubAddress: string | null },
  needs: AccessNeeds,
  ask: Ask,
): Promise<AccessFindings['streamSlots']> {
  const ours = [...new Set([...needs.objects.map(({ objectType }) => objectType), 'User'])]
  const channel = opened.pubsubAddress === null ? null : openChannel(opened.pubsubAddress)
  try {
    const reached = await ask(
      {
        id: 'stream',
        title: 'Listen to the change events of the org',
        need: 'needed',
        costs: 'Changes are found by polling only, minutes later instead of seconds.',
        grant:
          'Let this machine reach api.pubsub.salesforce.com on port 7443 (443 works too), and give our user View All Data.',
      },
      async () => {
        if (!channel) throw new AccessAnswer('no address of the Pub/Sub API is set', { state: 'unknown' })
        await mayListen(channel, opened.sessions, CHANGE_EVENTS_TOPIC)
      },
    )
    const slots = await readSlots(opened.call, ours, ask)
    for (const objectType of ours) {
      await ask(
        {
          id: `stream/${objectType}`,
          title: `Hear of changes of ${objectType} as they happen`,
          need: objectType === 'User' ? 'optional' : 'needed',
          costs:
            objectType === 'User'
              ? 'That somebody joined or left is noticed when users are read again, minutes later.'
              : `Changes of ${objectType} are found by polling only, minutes later instead of seconds.`,
          grant: viewAllComparison(objectType),
        },
        async () => {
          if (slots?.missing.includes(objectType)) {
            throw new AccessAnswer(`${objectType} is not selected for change data capture`, {
              grant: selectComparison(objectType, slots),
            })
          }
          if (!channel || reached !== 'works')
            throw new AccessAnswer('the stream cannot be asked', { state: 'unknown' })
          await mayListen(channel, opened.sessions, topicOf(objectType))
          if (slots === null) {
            throw new AccessAnswer('which objects are selected for change data capture could not be read', {
              state: 'unknown',
              grant: `${SELECT}: see that ${objectType} is selected. To have it checked here: ${VIEW_SETUP}`,
            })
          }
        },
      )
    }
    return slots
  } finally {
    channel?.close()
  }
}

type Slots = NonNullable<AccessFindings['streamSlots']>

async function readSlots(call: SalesforceCall, ours: readonly string[], ask: Ask): Promise<Slots | null> {
  let slots: Slots | null = null
  await ask(
    {
      id: 'stream-selection',
      title: 'Read which objects are selected for change data capture',
      need: 'optional',
      costs: 'Whether an object is missing from the stream is not known; polling finds its changes, minutes later.',
      grant: VIEW_SETUP,
    },
    async () => {
      const soql = 'SELECT EventChannel, SelectedEntity FROM PlatformEventChannelMember'
      const path = `/tooling/query?q=${encodeURIComponent(soql)}`
      const { records } = (await call({ kind: 'read', method: 'GET', path })) as { records?: unknown }
      if (!Array.isArray(records)) throw new AccessAnswer('the answer lists nothing', { state: 'unknown' })
      const taken = new Set<string>()
      const onOurs = new Set<string>()
      for (const record of records as Record<string, unknown>[]) {
        const entity = entityOf(text(record.SelectedEntity))
        if (entity === null) continue
        taken.add(entity)
        if (text(record.EventChannel) === 'ChangeEvents') onOurs.add(entity)
      }
      slots = {
        max: SELECTED_MAX,
        taken: [...taken].toSorted(),
        missing: ours.filter((objectType) => !onOurs.has(objectType)),
      }
    },
  )
  return slots
}

/** `LeadChangeEvent` and `Employee__ChangeEvent` are Lead and Employee__c. Platform events take no slot. */
function entityOf(selected: string | null): string | null {
  if (selected === null || selected.endsWith('__e')) return null
  if (selected.endsWith('__ChangeEvent')) return `${selected.slice(0, -'__ChangeEvent'.length)}__c`
  return selected.replace(/ChangeEvent$/, '')
}

function topicOf(objectType: string): string {
  const custom = objectType.endsWith('__c')
  return custom ? `/data/${objectType.slice(0, -1)}ChangeEvent` : `/data/${objectType}ChangeEvent`
}

function selectComparison(objectType: string, { max, taken, missing }: Slots): string {
  const select = `${SELECT}: select ${objectType}.`
  if (taken.length + missing.length <= max) return select
  return `${select} ${taken.length} of the ${max} that come without an add-on are taken (${taken.join(', ')}): deselect one that nobody needs, or buy the add-on.`
}

function viewAllComparison(objectType: string): string {
  const sets = 'Salesforce Setup > Permission Sets, in one assigned to our user'
  return objectType === 'User'
    ? `${sets}: System Permissions > View All Users.`
    : `${sets}: Object Settings > ${objectType} > View All Records (or System Permissions > View All Data).`
}

/** Renews the session once: a check may be the first thing in hours that needs it. */
async function mayListen(channel: PubSubChannel, sessions: SessionKeeper, topic: string): Promise<void> {
  try {
    await channel.ready()
  } catch (error) {
    throw new AccessAnswer(error instanceof Error ? error.message : String(error), { state: 'unknown' })
  }
  const session = await sessions.current()
  let may: boolean
  try {
    may = await channel.canSubscribe(session, topic).catch(async (error: unknown) => {
      if (codeOf(error) !== status.UNAUTHENTICATED) throw error
      return channel.canSubscribe(await sessions.renew(session), topic)
    })
  } catch (error) {
    const code = codeOf(error)
    if (code === null) throw error
    const said = `${status[code] ?? code}: ${(error as ServiceError).details}`.slice(0, 500)
    if (code === status.NOT_FOUND || code === status.PERMISSION_DENIED) throw new CrmRefusedError(said, topic, code)
    throw new AccessAnswer(said, { state: 'unknown' })
  }
  if (!may) throw new AccessAnswer(`Salesforce says that our user may not subscribe to ${topic}`)
}

function codeOf(error: unknown): number | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : null
}
