import type { FastifyBaseLogger } from 'fastify'
import type { Connecting } from './connecting.ts'

/**
 * Checks of drafts that run behind the answers: a dozen calls to a CRM take longer than a browser should wait, and the
 * page follows them on the draft. One run per draft, however often somebody presses the button.
 */
export class DraftChecks {
  readonly #connecting: Connecting
  readonly #running = new Map<string, Promise<void>>()

  constructor(connecting: Connecting) {
    this.#connecting = connecting
  }

  start(draftId: string, log: FastifyBaseLogger): void {
    if (this.#running.has(draftId)) return
    const run = this.#connecting
      .checkDraft(draftId)
      .catch((error: unknown) => log.error({ err: error, draftId }, 'checking a draft failed'))
      .finally(() => this.#running.delete(draftId))
    this.#running.set(draftId, run)
  }

  /** Until none runs any more: for whoever closes the database after us. */
  async settled(): Promise<void> {
    await Promise.all(this.#running.values())
  }
}
