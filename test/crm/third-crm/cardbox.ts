export type Card = {
  readonly kind: string
  readonly id: string
  readonly fields: Record<string, string | null>
  touchedAtMs: number
}

export type Keeper = { readonly id: string; readonly mail: string; readonly isActive: boolean }

/** The CRM itself: cards with fields, the people who keep them, and a clock that moves with every change. */
export class Cardbox {
  readonly keepers: Keeper[] = []
  readonly cards = new Map<string, Card>()
  #nowMs: number
  #next = 1

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  advanceTo(nowMs: number): void {
    this.#nowMs = nowMs
  }

  keeper(mail: string): string {
    const id = `keeper-${this.#next++}`
    this.keepers.push({ id, mail, isActive: true })
    return id
  }

  add(kind: string, fields: Record<string, string | null>): string {
    const id = `card-${this.#next++}`
    this.#nowMs += 1_000
    const written = new Date(this.#nowMs).toISOString()
    const card = { kind, id, fields: { written_on: written, touched_on: written, ...fields }, touchedAtMs: this.#nowMs }
    this.cards.set(`${kind}/${id}`, card)
    return id
  }

  /** False: there is no such card. */
  edit(kind: string, id: string, fields: Record<string, string | null>): boolean {
    const card = this.cards.get(`${kind}/${id}`)
    if (card === undefined) return false
    this.#nowMs += 1_000
    Object.assign(card.fields, fields, { touched_on: new Date(this.#nowMs).toISOString() })
    card.touchedAtMs = this.#nowMs
    return true
  }

  of(kind: string): Card[] {
    const cards = [...this.cards.values()].filter((card) => card.kind === kind)
    return cards.sort((a, b) => a.touchedAtMs - b.touchedAtMs)
  }
}
