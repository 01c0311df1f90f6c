import { randomUUID } from 'node:crypto'
import type { Actor } from '../model/authority/acts.ts'
import { ledgerActor, requireMay } from '../people/permitted.ts'
import type { Database } from '../store/database/database.ts'
import { inTransaction } from '../store/database/transaction.ts'
import { noteInLedger } from '../store/ledger/note-in-ledger.ts'
import { type Draft, findDraft } from '../store/publishing/drafts.ts'
import { documentsInForce } from '../store/publishing/publications.ts'
import { inForceOf } from './documents.ts'
import { openDraft, subjectOf } from './edit-draft.ts'
import { PublishingError } from './errors.ts'
import { type Progress, type Tried, tryDraft } from './try-draft.ts'

/** Deciding takes the whole processor of this process, which also answers pages. */
const AT_ONCE = 2
/** Answers are kept for whoever reloads the page, and not for long: records go on changing. */
const KEPT_MS = 10 * 60_000
const KEPT_MAX = 20

export type TryRun = {
  readonly id: string
  readonly draftId: number
  readonly hash: string
  readonly progress: Progress
  readonly tookMs: number
  readonly tried: Tried | null
  /** The draft has another text now than the one that was tried. */
  readonly isOutdated: boolean
  readonly failed: boolean
}

type Run = { -readonly [Key in keyof TryRun]: TryRun[Key] } & { readonly startedAtMs: number; endedAtMs: number | null }

/** Drafts that are being tried in this process, and what came of the last ones. */
export class TryRuns {
  readonly #db: Database
  readonly #nowMs: () => number
  readonly #runs = new Map<string, Run>()
  readonly #working = new Set<Promise<void>>()

  readonly #onFailed: (error: unknown) => void

  constructor(db: Database, onFailed: (error: unknown) => void, nowMs: () => number = () => performance.now()) {
    this.#db = db
    this.#onFailed = onFailed
    this.#nowMs = nowMs
  }

  /** Starts trying exactly the text with this hash. Of two who ask for the same one, both get the same run. */
  async start(actor: Actor, { id, hash }: { readonly id: number; readonly hash: string }): Promise<string> {
    const draft = await openDraft(this.#db, id)
    const inForce = inForceOf(await documentsInForce(this.#db))
    await requireMay(this.#db, actor, 'edit-draft', subjectOf(draft.document, inForce))
    if (draft.hash === null) throw new PublishingError('mistakes', 'This draft has errors. Correct them to try it.')
    if (draft.hash !== hash) {
      throw new PublishingError('changed', 'Somebody changed this draft. Reload the page to try what it says now.')
    }
    const running = [...this.#runs.values()].filter(({ endedAtMs }) => endedAtMs === null)
    const same = running.find((run) => run.draftId === id && run.hash === hash)
    if (same !== undefined) return same.id
    if (running.length >= AT_ONCE) {
      throw new PublishingError('busy', `${AT_ONCE} drafts are being tried. Try this one when one of them is done.`)
    }
    this.#forgetOld()
    const run = newRun(draft, hash, this.#nowMs())
    this.#runs.set(run.id, run)
    await this.#note(actor, draft, run)
    const work = this.#work(run, draft).finally(() => this.#working.delete(work))
    this.#working.add(work)
    return run.id
  }

  /** Null: there is no such run here any more. */
  find(id: string): TryRun | null {
    const run = this.#runs.get(id)
    return run === undefined ? null : { ...run, tookMs: Math.round((run.endedAtMs ?? this.#nowMs()) - run.startedAtMs) }
  }

  /** Once nothing is being tried. */
  async settled(): Promise<void> {
    await Promise.all(this.#working)
  }

  async #work(run: Run, draft: Draft): Promise<void> {
    try {
      const tried = await tryDraft(this.#db, draft, (progress) => {
        run.progress = progress
      })
      const now = await findDraft(this.#db, draft.id)
      run.isOutdated = now?.hash !== run.hash
      run.tried = tried
    } catch (error) {
      // Whoever waits is asked to try again, and the log has the reason.
      run.failed = true
      this.#onFailed(error)
    }
    run.endedAtMs = this.#nowMs()
  }

  /** Nothing else of it stays. */
  async #note(actor: Actor, { id, document }: Draft, run: Run): Promise<void> {
    const body = { draft: id, hash: run.hash }
    try {
      await inTransaction(this.#db, (trx) =>
        noteInLedger(trx, [{ kind: 'draft-tried', actor: ledgerActor(actor), subject: document, body }]),
      )
    } catch (error) {
      this.#runs.delete(run.id)
      throw error
    }
  }

  #forgetOld(): void {
    const over = [...this.#runs.values()].filter(({ endedAtMs }) => endedAtMs !== null)
    for (const [i, { id, endedAtMs }] of over.entries()) {
      if (this.#nowMs() - endedAtMs! > KEPT_MS || over.length - i > KEPT_MAX) this.#runs.delete(id)
    }
  }
}

function newRun({ id: draftId }: Draft, hash: string, startedAtMs: number): Run {
  const progress = { decided: 0, of: 0 }
  const state = { tookMs: 0, tried: null, isOutdated: false, failed: false, endedAtMs: null }
  return { id: randomUUID(), draftId, hash, progress, startedAtMs, ...state }
}
