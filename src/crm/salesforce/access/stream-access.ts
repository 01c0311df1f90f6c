import { type ServiceError, status } from '@grpc/grpc-js'
import type { QueryResult } from 'jsforce'
import type { AccessFindings } from '../../../model/record/crm-facts.ts'
import { CrmRefusedError } from '../../crm-client.ts'
import type { AccessNeeds } from '../../crm-setup.ts'
import type { SessionKeeper } from '../login/session.ts'
import type { SalesforceCall } from '../rest/call.ts'
import { text } from '../rest/query.ts'
import { openChannel, type PubSubChannel } from '../stream/pubsub-channel.ts'
import { AccessAnswer, type AccessContext, type Ask, PERMISSION_SETS, type Question, VIEW_SETUP } from './probes.ts'

/** The channel that we subscribe to: every object that is selected. */
export const CHANGE_EVENTS_TOPIC = '/data/ChangeEvents'

/** Without the add-on an org may select this many entities, counted over all channels (vendor's allocations page). */
const SELECTED_MAX = 5

const SELECT = 'Salesforce Setup > Integrations > Change Data Capture'

const LATER = 'minutes later instead of seconds.'

const STREAM: Question = {
  id: 'stream',
  title: 'Receive change events of the org',
  need: 'needed',
  costs: `Lanekeeper finds changes by polling only, ${LATER}`,
  grant:
    'Let this machine reach api.pubsub.salesforce.com on port 7443 (443 works too), and give our user View All Data.',
}

/**
 * Whether changes will reach us as they happen. Each object has to be selected for change data capture, and our user has
 * to see all of its records. The common channel shows neither: events are silently absent there. So each object's own
 * channel is asked about, which refuses where the common one is silent.
 */
export async function checkStream(
  { call, sessions, pubsubAddress }: AccessContext,
  needs: AccessNeeds,
  ask: Ask,
): Promise<AccessFindings['streamSlots']> {
  const ours = [...new Set([...needs.objects.map(({ objectType }) => objectType), 'User'])]
  const channel = pubsubAddress === null ? null : openChannel(pubsubAddress)
  try {
    const reached = await ask(STREAM, async () => {
      if (!channel) throw new AccessAnswer('no address of the Pub/Sub API is set', { state: 'unknown' })
      await mayListen(channel, sessions, CHANGE_EVENTS_TOPIC)
    })
    const slots = await readSlots(call, ours, ask)
    for (const objectType of ours) {
      await ask(changesQuestion(objectType), async () => {
        if (slots?.missing.includes(objectType)) {
          throw new AccessAnswer(`${objectType} is not selected for change data capture`, {
            grant: selectRemedy(objectType, slots),
          })
        }
        if (!channel || reached !== 'works') throw new AccessAnswer('the stream cannot be asked', { state: 'unknown' })
        await mayListen(channel, sessions, topicOf(objectType))
        if (slots !== null) return
        throw new AccessAnswer('we cannot read which objects are selected for change data capture', {
          state: 'unknown',
          grant: `${SELECT}: see that ${objectType} is selected. To have it checked here: ${VIEW_SETUP}`,
        })
      })
    }
    return slots
  } finally {
    channel?.close()
  }
}

function changesQuestion(objectType: string): Question {
  const user = objectType === 'User'
  return {
    id: `stream/${objectType}`,
    title: `Receive changes of ${objectType} as they happen`,
    need: user ? 'optional' : 'needed',
    costs: user
      ? 'Lanekeeper notices that a user joined or left when it reads users again, minutes later.'
      : `Lanekeeper finds changes of ${objectType} by polling only, ${LATER}`,
    grant: user
      ? `${PERMISSION_SETS}: System Permissions > View All Users.`
      : `${PERMISSION_SETS}: Object Settings > ${objectType} > View All Records (or System Permissions > View All Data).`,
  }
}

type Slots = NonNullable<AccessFindings['streamSlots']>
type ChannelMember = { readonly EventChannel?: unknown; readonly SelectedEntity?: unknown }

const SELECTION: Question = {
  id: 'stream-selection',
  title: 'Read which objects are selected for change data capture',
  need: 'optional',
  costs: `Lanekeeper does not know whether an object is missing from the stream; polling finds its changes, ${LATER}`,
  grant: VIEW_SETUP,
}

async function readSlots(call: SalesforceCall, ours: readonly string[], ask: Ask): Promise<Slots | null> {
  let slots: Slots | null = null
  await ask(SELECTION, async () => {
    const soql = 'SELECT EventChannel, SelectedEntity FROM PlatformEventChannelMember'
    const path = `/tooling/query?q=${encodeURIComponent(soql)}`
    const { records } = await call.read((org) => org.requestGet<Partial<QueryResult<ChannelMember>>>(path))
    if (!Array.isArray(records)) throw new AccessAnswer('the answer lists nothing', { state: 'unknown' })
    slots = slotsOf(records, ours)
  })
  return slots
}

/** An entity takes one slot of the org, whichever channels select it. Only the common channel reaches us. */
function slotsOf(members: readonly ChannelMember[], ours: readonly string[]): Slots {
  const taken = new Set<string>()
  const onOurChannel = new Set<string>()
  for (const member of members) {
    const entity = entityOf(text(member.SelectedEntity))
    if (entity === null) continue
    taken.add(entity)
    if (text(member.EventChannel) === 'ChangeEvents') onOurChannel.add(entity)
  }
  return {
    max: SELECTED_MAX,
    taken: [...taken].toSorted(),
    missing: ours.filter((objectType) => !onOurChannel.has(objectType)),
  }
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

function selectRemedy(objectType: string, { max, taken, missing }: Slots): string {
  const select = `${SELECT}: select ${objectType}.`
  if (taken.length + missing.length <= max) return select
  return `${select} ${taken.length} of the ${max} that come without an add-on are taken (${taken.join(', ')}): deselect one that you do not need, or buy the add-on.`
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
  if (!may) throw new AccessAnswer(`our user may not subscribe to ${topic}`)
}

function codeOf(error: unknown): number | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : null
}
