import type { Database } from '../../store/database/database.ts'
import { readPaused } from '../control/read-paused.ts'
import type { Overview } from './overview-types.ts'

type Alert = Omit<Overview['alerts'][number], 'departed'>

/** What is paused, and what somebody asked to be. */
export async function pauseAlerts(db: Database): Promise<Alert[]> {
  const { paused, asked } = await readPaused(db)
  return [
    ...asked.map(
      (title): Alert => ({
        level: 'warn',
        title: `A pause was asked for: ${title}`,
        detail: 'Lanekeeper pauses it if the rollback owner and the deputy do not answer within one business hour.',
        remedy: 'Pause it, or keep it running.',
        needsAction: true,
        about: 'control',
      }),
    ),
    ...paused.map(
      ({ title, by }): Alert => ({
        level: 'warn',
        title: `Paused: ${title}`,
        detail: `${by} paused it. Automatic owner changes wait; tasks for people go on.`,
        remedy: 'The rollback owner or the deputy resumes it.',
        needsAction: true,
        about: 'control',
      }),
    ),
  ]
}
