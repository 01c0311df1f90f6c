import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import type { Actor } from '../../src/model/authority/acts.ts'
import { createWorkflowReader, type WorkflowReader } from '../../src/pipeline/decide/running-workflows.ts'
import { draftsFromFiles } from '../../src/publishing/follow-files.ts'
import { publishApproved } from '../../src/publishing/put-in-force.ts'
import { type Company, company, narrower, withoutJapan } from '../publishing/company.ts'
import { sessionToken } from '../support/people.ts'
import { chromiumPath, launchChromium } from './chromium.ts'
import { NO_CHROMIUM, PATIENCE_MS, type ServedConsole, serveConsole } from './console-stage.ts'
import { isSettled, seriousViolations, tooWideBy } from './page-checks.ts'

/** A folder for pictures of what the tests see; absent: none are taken. */
const PICTURES = process.env.CHANGES_PICTURES

describe('publishing, in the console', { skip: NO_CHROMIUM }, () => {
  let browser: Browser
  let served: ServedConsole
  let own: Company
  let workers: NodeJS.Timeout
  let readerOfWorker: WorkflowReader

  before(async () => {
    ;[browser, served] = await Promise.all([launchChromium(chromiumPath()!), serveConsole()])
    own = await company(served.db)
    readerOfWorker = createWorkflowReader(served.db)
    await readerOfWorker()
    // As the background task of the workers does.
    workers = setInterval(() => void publishApproved(served.db).catch(() => undefined), 500)
  })
  after(async () => {
    clearInterval(workers)
    await browser?.close()
    await served?.stop()
  })

  const pageOf = async (actor: Actor & { kind: 'person' }, width = 1440, dark = false): Promise<Page> => {
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme: dark ? 'dark' : 'light',
    })
    context.setDefaultTimeout(PATIENCE_MS)
    const { port } = new URL(served.base)
    const value = await sessionToken(served.db, { personId: actor.personId })
    await context.addCookies([{ name: `lanekeeper_${port}`, value, url: served.base }])
    const page = await context.newPage()
    await page.goto(`${served.base}/changes`)
    await page.getByRole('heading', { name: 'Changes', level: 1 }).waitFor()
    await isSettled(page)
    return page
  }
  const picture = async (page: Page, name: string) => {
    if (PICTURES === undefined) return
    mkdirSync(PICTURES, { recursive: true })
    await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true })
  }
  const runningHash = async () =>
    (await readerOfWorker()).find(({ version }) => version.policy.workflow === 'lead-routing')!.version.hash

  it('author refused, second approves, workers follow without a restart', async () => {
    const { data, boundary, reviewer } = own.people
    const before = await runningHash()
    const author = await pageOf(data)
    await author.getByRole('button', { name: 'Route Salesforce leads out of the queue' }).click()
    const editor = author.getByRole('textbox', { name: 'YAML' })
    await editor.fill(withoutJapan(own.text))
    await author.getByRole('button', { name: 'Save draft' }).click()
    const draft = author.getByRole('region', { name: 'Route Salesforce leads out of the queue' })
    await draft.getByText('Branch japan: the list for the country adds KR and drops JP.').waitFor()
    await draft.getByText('2 approvals are needed').waitFor()
    assert.equal(await draft.getByRole('button', { name: 'Approve' }).count(), 0, 'an author has no button')
    await draft.getByText(/You changed this yourself/).waitFor()
    await picture(author, 'author-1440')

    const first = await pageOf(boundary)
    await first.getByRole('button', { name: 'Approve' }).click()
    await first.getByText('Approved by Priya').waitFor()
    await first.getByText('One more approval is needed').waitFor()
    assert.equal(await runningHash(), before)

    const second = await pageOf(reviewer, 390, true)
    await picture(second, 'second-390-dark')
    await second.getByRole('button', { name: 'Approve' }).click()
    const approvedAt = performance.now()
    await second.getByText('Version 2 is in force').waitFor()
    const tookMs = performance.now() - approvedAt
    assert.ok(tookMs < 7_000, `in force on the page after ${tookMs} ms`)
    assert.notEqual(await runningHash(), before, 'the reader that a worker made before the publish')
    await second.getByText('What changed').first().click()
    await second.getByText('Branch japan: the list for the country adds KR and drops JP.').waitFor()
    await picture(second, 'published-390-dark')
    for (const page of [author, first, second]) await page.context().close()
  })

  it('a rule edited in YAML on disk waits as a draft of an unknown author, until somebody adopts it', async () => {
    const { boundary, reviewer, admin } = own.people
    own.write(withoutJapan(own.text).replace('owner: camille.laurent@', 'owner: hugo.moreau@'))
    await draftsFromFiles(served.db, own.dir)
    const page = await pageOf(admin)
    const draft = page.getByRole('region', { name: 'Route Salesforce leads out of the queue' })
    await draft.getByText(/by an unknown author/).waitFor()
    await draft.getByText(/Rule france-enterprise: it goes to hugo.moreau@brightwater.example/).waitFor()
    await draft.getByText('3 approvals are needed').waitFor()
    await picture(page, 'file-1440')
    await draft.getByRole('button', { name: 'Adopt as author' }).click()
    await draft.getByText(/written by Ada/).waitFor()
    await draft.getByText('2 approvals are needed').waitFor()

    const first = await pageOf(boundary)
    await first.getByRole('button', { name: 'Approve' }).click()
    await first.getByText('Approved by Priya').waitFor()
    // The file changes while its draft waits: the reader's page still shows the text of before.
    const second = await pageOf(reviewer)
    const waiting = second.getByRole('button', { name: 'Approve' })
    await waiting.waitFor()
    await second.route('**/api/console/changes', (route) => route.abort())
    own.write(withoutJapan(own.text).replace('capacity: 400', 'capacity: 5'))
    await draftsFromFiles(served.db, own.dir)
    await waiting.click()
    await second.getByText(/This draft changed since you read it/).waitFor()
    await second.getByText('Open tasks that one reviewer may hold: 5 (was 400).').waitFor()
    await picture(second, 'changed-1440')
    for (const one of [page, first, second]) await one.context().close()
  })

  it('goes back with the rollback owner alone', async () => {
    const page = await pageOf(own.people.rollback)
    await page.getByRole('button', { name: 'Go back' }).click()
    await page.getByRole('button', { name: 'Restore it' }).click()
    await page.getByText('Version 3 is in force').waitFor()
    await page.context().close()
  })

  it('a rule is marked by two people, and one of them takes the mark back', async () => {
    const first = await pageOf(own.people.boundary)
    await first.getByText('No rule is marked: a person decides every case above expected.').waitFor()
    await first.getByRole('button', { name: 'Mark a rule' }).click()
    const proposal = first.getByRole('dialog', { name: 'Mark a rule' })
    await proposal.getByRole('textbox', { name: 'Reason' }).fill('Right in all 40 cases of October')
    assert.deepEqual(await seriousViolations(first), [])
    await picture(first, 'mark-1440')
    await proposal.getByRole('button', { name: 'Propose' }).click()
    await first.getByText('Waits for a second person').waitFor()
    assert.equal(await first.getByRole('button', { name: 'Agree' }).count(), 0, 'nobody agrees with themselves')

    const second = await pageOf(own.people.data, 390, true)
    await second.getByRole('button', { name: 'Agree' }).click()
    await second.getByText(/Marked by Priya and Ines/).waitFor()
    assert.ok((await tooWideBy(second)) <= 0)
    assert.deepEqual(await seriousViolations(second), [])
    await picture(second, 'marked-390-dark')

    await first.reload()
    await first.getByText(/Marked by Priya and Ines/).waitFor()
    await first.getByText('The rule', { exact: true }).click()
    await first.getByRole('button', { name: /^Remove the mark of / }).click()
    const removal = first.getByRole('dialog')
    await removal.getByRole('textbox', { name: 'Reason' }).fill('Two of them were wrong')
    await removal.getByRole('button', { name: 'Remove the mark' }).click()
    await first.getByText('No rule is marked: a person decides every case above expected.').waitFor()
    for (const page of [first, second]) await page.context().close()
  })

  it('fits 390 and 1440 px in light and dark and has no serious accessibility violation', async () => {
    await own.draft(own.people.data, narrower(own.text))
    await own.draft(own.people.data, own.text.replace('mode: live', 'mode: lively'))
    for (const width of [390, 1440]) {
      for (const dark of [false, true]) {
        const page = await pageOf(own.people.boundary, width, dark)
        await page.getByText('one is enough').waitFor()
        await page.getByText('Correct these errors first').waitFor()
        await picture(page, `all-${width}-${dark ? 'dark' : 'light'}`)
        assert.ok((await tooWideBy(page)) <= 0, `${width} px`)
        assert.deepEqual(await seriousViolations(page), [])
        await page.getByRole('button', { name: 'Edit' }).first().click()
        await page.getByRole('textbox', { name: 'YAML' }).waitFor()
        assert.deepEqual(await seriousViolations(page), [])
        await picture(page, `edit-${width}-${dark ? 'dark' : 'light'}`)
        await page.context().close()
      }
    }
  })
})
