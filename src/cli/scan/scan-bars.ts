import { EXCEPTION_CLASSES, type ExceptionClass } from '../../model/classes/class.ts'
import { html, type Markup } from './scan-markup.ts'

type BarPart = { readonly name: string; readonly value: number }

/** Below this a part would be thinner than a pixel on a phone, and a single case has to be seen too. Per mille. */
const PART_MIN = 4

/** One bar of coloured parts, as long as its share of `whole`. Its numbers stand in words beside it and in its label. */
export function bar(parts: readonly BarPart[], whole: number, label: string): Markup {
  let x = 0
  const drawn = parts
    .filter(({ value }) => value > 0)
    .map(({ name, value }) => {
      const width = Math.max(PART_MIN, whole === 0 ? 0 : (value / whole) * 1_000)
      const from = x
      x += width
      return html`<rect class="${name}" x="${from.toFixed(1)}" y="0" width="${width.toFixed(1)}" height="10"/>`
    })
  // What the smallest parts were widened by must not run out of the picture.
  const room = Math.max(1_000, x)
  return html`<svg viewBox="0 0 ${room.toFixed(1)} 10" preserveAspectRatio="none" role="img" aria-label="${label}">${drawn}</svg>`
}

/** What each colour is, with its number. */
export function legend(rows: readonly { readonly name: string; readonly says: Markup }[]): Markup {
  return html`<ul class="legend">${rows.map(({ name, says }) => html`<li><span class="dot ${name}"></span>${says}</li>`)}</ul>`
}

/** The classes of one bar, always in the same order. */
export function classParts(byClass: Readonly<Record<ExceptionClass, number>>): BarPart[] {
  return EXCEPTION_CLASSES.map((name) => ({ name, value: byClass[name] }))
}
