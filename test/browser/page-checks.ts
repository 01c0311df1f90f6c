import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

/** Checks that every page has to pass. */

export async function freePort(): Promise<number> {
  const { createServer } = await import('node:net')
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}

/** Data has arrived and is drawn. */
export async function isSettled(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('.boot') === null)
  await page.evaluate(() => document.fonts.ready)
}

/** Nothing moves or fades any more: text that is half there has too little contrast. */
async function isAtRest(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (;;) {
      // Chromium starts a transition with a frame, and one may follow another.
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
      const running = document.getAnimations().filter(({ playState, effect }) => {
        return playState === 'running' && effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY
      })
      if (running.length === 0) return
      await Promise.allSettled(running.map(({ finished }) => finished))
    }
  })
}

/** How many pixels the page is wider than the window; 0 or less is right. */
export function tooWideBy(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
}

type AxeResult = { violations: { id: string; impact: string | null; nodes: { html: string }[] }[] }

let axe: Promise<string> | null = null

/** Accessibility problems for people who use a screen reader, a keyboard or strong contrast. */
export async function seriousViolations(page: Page): Promise<string[]> {
  await isAtRest(page)
  axe ??= readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  await page.evaluate(await axe)
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: { run(): Promise<AxeResult> } }).axe.run()
    return violations
      .filter((violation) => violation.impact === 'serious' || violation.impact === 'critical')
      .map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html).slice(0, 3)}`)
  })
}
