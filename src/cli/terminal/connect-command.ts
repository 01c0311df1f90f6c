import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { nowMs } from '../../clock/clock.ts'
import { reachableWebhookUrl } from '../../config/settings/environment-grants.ts'
import { followKeys } from '../../config/settings/key-file.ts'
import type { Settings } from '../../config/settings/settings.ts'
import { accessNeeds } from '../../connections/access/required-access.ts'
import type { ConnectDeps } from '../../connections/context.ts'
import { crmAddressRule } from '../../connections/draft/address-rule.ts'
import type { Crm } from '../../model/record/change-event.ts'
import { followDatabaseClock } from '../../store/database/clock.ts'
import { openDatabase } from '../../store/database/database.ts'
import { createSecretBox } from '../../store/secrets/secret-box.ts'
import { findRunningInstance } from '../stack/running-instance.ts'
import { policiesHere } from './policies-here.ts'

export type OpenCommand = {
  readonly deps: ConnectDeps
  readonly publicUrl: string
  /** Where a CRM can reach us from outside, null when the public address is one of this machine or not https. */
  webhookUrlOf(crm: Crm): string | null
  close(): Promise<void>
}

/** What the commands around connecting work with: the database and the keys of the Lanekeeper that runs here. */
export async function openCommand(settings: Settings): Promise<OpenCommand> {
  const running = await findRunningInstance(settings)
  if (typeof running === 'string') {
    throw new Error(
      'Nothing runs with this DATA_DIR. Run "npm start -- --own" and leave it running, or set DATABASE_URL to the database of the one that runs.',
    )
  }
  if (running.sandbox) {
    throw new Error(
      'The sandbox CRMs run here, and their data is made again at every start. To connect your own CRM, stop this and run "npm start -- --own".',
    )
  }
  const keys = await followKeys(settings, 'refuse')
  const db = openDatabase(running.databaseUrl, { max: 3, applicationName: 'lanekeeper-connect' })
  await followDatabaseClock(db)
  const policies = await policiesHere(db, settings)
  return {
    deps: {
      db,
      box: createSecretBox(keys),
      needsOf: (crm) => accessNeeds(policies, crm),
      ...crmAddressRule({ publicUrl: running.publicUrl, crmHosts: settings.crmHosts }),
      nowMs,
      instance: `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`,
    },
    publicUrl: running.publicUrl,
    webhookUrlOf: (crm) => reachableWebhookUrl(settings, crm, running.publicUrl),
    close: () => db.destroy(),
  }
}
