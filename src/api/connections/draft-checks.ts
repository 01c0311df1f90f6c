import type { FastifyBaseLogger } from 'fastify'
import type { Connecting } from './connection-service.ts'

/**
 * Checks of drafts that run behind the answers: a dozen calls to a CRM take longer than a browser should wait, and the
 * page follows them on the draft. One run per draft, however often somebody presses the button; a run that a login made
 * void meanwhile is followed by another.
 */
export class DraftChecks {
  readonly #connecting: Connecting
  readonly #running = new Map<string, Promise<void>>()
  /** Drafts that were to be checked while a run was under way. */
  readonly #askedAgain = new Set<string>()

  constructor(connecting: Connecting) {
    this.#connecting = connecting
  }

  start(draftId: string, log: FastifyBaseLogger): void {
    if (this.#running.has(draftId)) {
      this.#askedAgain.add(draftId)
      return
    }
    const run = this.#check(draftId, log)
      .catch((error: unknown) => log.error({ err: error, draftId }, 'checking a draft failed'))
      .finally(() => this.#running.delete(draftId))
    this.#running.set(draftId, run)
  }

  async #check(draftId: string, log: FastifyBaseLogger): Promise<void> {
    for (;;) {
      this.#askedAgain.delete(draftId)
      await this.#connecting
        .checkDraft(draftId)
        .catch((error: unknown) => log.error({ err: error, draftId }, 'checking a draft failed'))
      if (!this.#askedAgain.has(draftId)) return
      // Whoever pressed the button meanwhile has an answer now; after a login there is none.
      if ((await this.#connecting.readDraft(draftId))?.status !== 'checking') return
    }
  }

  /** Until none runs any more: for whoever closes the database after us. */
  async settled(): Promise<void> {
    await Promise.all(this.#running.values())
  }
}
