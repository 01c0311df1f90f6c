import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, afterEach, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Connection } from 'jsforce'
import type { SalesforceSandbox } from '../../sandbox/salesforce/app.ts'
import { connect, control, firstRow, startSandbox, withoutRefresh } from './salesforce-clients.ts'

type Row = {
  success: boolean
  errors: { statusCode: string; message: string; duplicateResult?: { matchResults: unknown[] } }[]
}

describe('the Salesforce sandbox misbehaving on command', () => {
  let sandbox: SalesforceSandbox
  let connection: Connection
  before(async () => {
    sandbox = await startSandbox()
    connection = await connect(sandbox)
  })
  afterEach(() => control(sandbox, 'DELETE', 'faults'))
  after(() => sandbox.close())

  const fault = (body: object) => control(sandbox, 'POST', 'faults', body)
  const call = (path: string, init: RequestInit = {}) =>
    fetch(`${sandbox.url}/services/data/v67.0${path}`, {
      ...init,
      headers: { authorization: `Bearer ${connection.accessToken}`, 'content-type': 'application/json' },
    })
  const makeTask = (subject: string, signal?: AbortSignal) =>
    call('/sobjects/Task', {
      method: 'POST',
      body: JSON.stringify({ Subject: subject }),
      ...(signal ? { signal } : {}),
    })
  const tasksNamed = (subject: string) =>
    [...sandbox.org.store.table('Task').values()].filter((task) => task.Subject === subject).length

  it('the control path is invisible without its secret', async () => {
    const response = await fetch(`${sandbox.url}/__sandbox/labels`)
    assert.equal(response.status, 404)
    assert.equal(await response.text(), await (await fetch(`${sandbox.url}/__sandbox/nonsense`)).text())
    assert.equal((await control(sandbox, 'GET', 'labels')).status, 200)
  })

  it('refuses unknown faults and settings', async () => {
    assert.equal((await fault({ kind: 'nonsense' })).status, 400)
    assert.equal((await control(sandbox, 'POST', 'settings', { nonsense: true })).status, 400)
    assert.equal((await control(sandbox, 'POST', 'settings', { dailyLimit: 'many' })).status, 400)
  })

  it('429 has Retry-After on demand, and occurs only as often and only where requested', async () => {
    await fault({ kind: '429', path: '/services/data/v67.0/limits', times: 2, retryAfterS: 7 })
    assert.equal((await call('/query?q=SELECT+COUNT()+FROM+User')).status, 200)
    const first = await call('/limits')
    assert.deepEqual([first.status, first.headers.get('retry-after')], [429, '7'])
    assert.equal((await call('/limits')).status, 429)
    assert.equal((await call('/limits')).status, 200)
    await fault({ kind: '500', method: 'POST' })
    assert.equal((await call('/limits')).status, 200)
    assert.equal((await makeTask('x')).status, 500)
    assert.equal(tasksNamed('x'), 0)
  })

  it('the daily limit answers 403 REQUEST_LIMIT_EXCEEDED, on command or when used up', async () => {
    await fault({ kind: 'daily-limit' })
    await assert.rejects(() => connection.limits(), { name: 'REQUEST_LIMIT_EXCEEDED' })
    const used = Number((await control(sandbox, 'GET', 'stats')).body.calls)
    await control(sandbox, 'POST', 'settings', { dailyLimit: used + 2 })
    await connection.limits()
    await assert.rejects(() => connection.limits(), { name: 'REQUEST_LIMIT_EXCEEDED' })
    await control(sandbox, 'POST', 'actions', { action: 'advance-clock', ms: 25 * 3_600_000 })
    connection = await connect(sandbox)
    await connection.limits()
    await control(sandbox, 'POST', 'settings', { dailyLimit: 140_000 })
  })

  it('502, 503 and an HTML page instead of JSON', async () => {
    for (const kind of ['502', '503']) {
      await fault({ kind })
      assert.equal((await call('/limits')).status, Number(kind))
    }
    await fault({ kind: 'html' })
    const page = await call('/limits')
    assert.deepEqual([page.status, page.headers.get('content-type')], [200, 'text/html; charset=utf-8'])
  })

  it('a truncated body is not JSON, but the write has happened', async () => {
    await fault({ kind: 'truncated', method: 'POST' })
    const answer = await makeTask('halved')
    await assert.rejects(() => answer.json(), SyntaxError)
    assert.equal(tasksNamed('halved'), 1)
  })

  it('hang answers late; commit-then-hang writes and never answers', async () => {
    await fault({ kind: 'hang', delayMs: 200 })
    const startMs = performance.now()
    assert.equal((await call('/limits')).status, 200)
    assert.ok(performance.now() - startMs >= 190)
    await fault({ kind: 'commit-then-hang', method: 'POST' })
    await assert.rejects(() => makeTask('unheard', AbortSignal.timeout(300)), { name: 'TimeoutError' })
    assert.equal(tasksNamed('unheard'), 1)
  })

  it('commit-then-reset writes and cuts the connection', async () => {
    await fault({ kind: 'commit-then-reset', method: 'POST' })
    await assert.rejects(() => makeTask('cut'), TypeError)
    assert.equal(tasksNamed('cut'), 1)
  })

  it('an expired token stays expired until a new one is issued', async () => {
    const old = withoutRefresh(await connect(sandbox))
    await fault({ kind: 'expired-token' })
    await assert.rejects(() => old.limits(), { name: 'INVALID_SESSION_ID' })
    await assert.rejects(() => old.limits(), { name: 'INVALID_SESSION_ID' })
    await (await connect(sandbox)).limits()
  })

  it('a fault of sessions or rows waits for a call that it fits', async () => {
    await fault({ kind: 'lock' })
    await fault({ kind: 'missing-scope', method: 'GET' })
    const fresh = await connect(sandbox)
    await assert.rejects(() => fresh.limits(), { name: 'INSUFFICIENT_ACCESS' })
    await fresh.limits()
    await assert.rejects(() => fresh.sobject('Task').create({ Subject: 'x' }), { name: 'UNABLE_TO_LOCK_ROW' })
    assert.equal((await fault({ kind: '500', times: 0 })).status, 400)
  })

  it('a missing scope is 403 and not the daily limit', async () => {
    await fault({ kind: 'missing-scope' })
    await assert.rejects(() => connection.limits(), { name: 'INSUFFICIENT_ACCESS' })
  })

  it('a locked row and a detected duplicate fail as rows, with the call still 200', async () => {
    const body = JSON.stringify({ records: [{ attributes: { type: 'Task' }, Subject: 'locked' }] })
    const rows = async () => {
      const answer = await call('/composite/sobjects', { method: 'POST', body })
      assert.equal(answer.status, 200)
      return ((await answer.json()) as Row[])[0]!.errors[0]!
    }
    await fault({ kind: 'lock', path: '/services/data/v67.0/composite' })
    const locked = await rows()
    assert.equal(locked.statusCode, 'UNABLE_TO_LOCK_ROW')
    assert.match(locked.message, /^unable to obtain exclusive access to this record or 1 records: /)
    await fault({ kind: 'duplicate' })
    const duplicate = await rows()
    assert.equal(duplicate.statusCode, 'DUPLICATES_DETECTED')
    assert.equal(duplicate.duplicateResult?.matchResults.length, 1)
    assert.equal(tasksNamed('locked'), 0)
  })

  it('J-5: jsforce repeats a GET after 503 by itself, and a POST never', async () => {
    await fault({ kind: '503', times: 2 })
    assert.ok(await connection.limits())
    await fault({ kind: '503', method: 'POST' })
    await assert.rejects(() => connection.sobject('Task').create({ Subject: 'once' }), { name: 'ERROR_HTTP_503' })
    assert.equal(tasksNamed('once'), 0)
  })

  it('counts requests and lists every task with its owner and record', async () => {
    const lead = await firstRow(
      connection,
      'SELECT Id, OwnerId, Owner.Email FROM Lead WHERE Owner.IsActive = true AND IsConverted = false',
    )
    await connection
      .sobject('Task')
      .create({ Subject: 'Listed', WhoId: lead.Id, OwnerId: String(lead.OwnerId), Lanekeeper_Key__c: 'k-9' } as never)
    const { tasks } = (await control(sandbox, 'GET', 'tasks')).body as {
      tasks: { subject: string; key: string; ownerEmail: string; about: object[] }[]
    }
    const listed = tasks.find((task) => task.subject === 'Listed')
    assert.deepEqual([listed?.key, listed?.ownerEmail], ['k-9', (lead.Owner as { Email: string }).Email])
    assert.deepEqual(listed?.about, [{ objectType: 'Lead', id: lead.Id }])
    const { requests } = (await control(sandbox, 'GET', 'stats')).body as { requests: Record<string, number> }
    assert.ok(requests['POST /services/data/sobjects/Task']! >= 1)
  })

  it('keeps labels and accepts more', async () => {
    const before = ((await control(sandbox, 'GET', 'labels')).body.labels as object[]).length
    const label = {
      pattern: 'no-rule',
      crm: 'salesforce',
      objectType: 'Lead',
      recordId: '00Q',
      detail: '',
      why: 'test',
    }
    await control(sandbox, 'POST', 'labels', { labels: [label] })
    assert.equal(((await control(sandbox, 'GET', 'labels')).body.labels as object[]).length, before + 1)
  })

  it('nonsense of any kind gets a 4xx and changes nothing', async () => {
    const before = (await control(sandbox, 'GET', 'stats')).body.records
    const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
    const bodies = [
      '',
      'null',
      '[]',
      '{',
      '"\\ud800"',
      deep,
      '{"records":[null]}',
      '{"records":[{"attributes":null}]}',
      '{"__proto__":{"x":1}}',
    ]
    bodies.push(
      '{"compositeRequest":[null]}',
      '{"batchRequests":[{}]}',
      '{"ids":[null],"fields":[{}]}',
      '{"LastName":{},"Company":[1]}',
    )
    const paths = [
      '/sobjects/Lead',
      '/sobjects/Lead/x',
      '/composite',
      '/composite/batch',
      '/composite/sobjects',
      '/composite/sobjects/Lead',
      '/composite/sobjects/Task/Lanekeeper_Key__c',
      '/query/%00',
      '/sobjects/%2e%2e',
    ]
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      for (const path of paths) {
        for (const body of bodies) {
          const answer = await call(path, { method, body })
          const text = await answer.text()
          const bundle = path === '/composite' || path === '/composite/batch'
          assert.ok(
            answer.status >= 400 ? answer.status < 500 : bundle,
            `${method} ${path} ${body.slice(0, 40)}: ${answer.status} ${text.slice(0, 200)}`,
          )
        }
      }
    }
    assert.deepEqual((await control(sandbox, 'GET', 'stats')).body.records, before)
  })

  it('a person completes a task on the page, through the same write path as the API', async () => {
    const owner = await firstRow(
      connection,
      "SELECT Id FROM User WHERE IsActive = true AND Title = 'Account Executive'",
    )
    const account = await firstRow(connection, 'SELECT Id, Name FROM Account')
    const subject = 'Check <b>this</b> & that'
    const task = await connection
      .sobject('Task')
      .create({ Subject: subject, Description: 'Line one\nLine two', WhatId: account.Id, OwnerId: owner.Id })
    const page = async (path: string) => (await fetch(`${sandbox.url}${path}`)).text()
    assert.match(await page('/'), /Tasks by owner/)
    const html = await page(`/${owner.Id}`)
    assert.ok(html.includes('Check &lt;b&gt;this&lt;/b&gt; &amp; that'))
    assert.ok(html.includes('Line one\nLine two'))
    assert.ok((await page(`/search?q=${encodeURIComponent(String(account.Name))}`)).includes(account.Id))
    assert.ok((await page(`/lightning/r/Account/${account.Id}/view`)).includes(task.id!))
    const key = /name="key" value="(\w+)"/.exec(html)?.[1] ?? ''
    const press = (formKey: string) =>
      fetch(`${sandbox.url}/complete/${task.id}`, {
        method: 'POST',
        body: new URLSearchParams({ key: formKey }),
        redirect: 'manual',
      })
    assert.equal((await press('forged')).status, 403)
    assert.equal(sandbox.org.store.get('Task', task.id!)?.IsClosed, false)
    assert.equal((await press(key)).status, 303)
    const done = sandbox.org.store.get('Task', task.id!)
    assert.deepEqual([done?.Status, done?.IsClosed, done?.LastModifiedById], ['Completed', true, owner.Id])
  })
})

describe('the Salesforce sandbox as a program', () => {
  const main = fileURLToPath(new URL('../../sandbox/salesforce/main.ts', import.meta.url))
  const start = async (args: string[]) => {
    const child = spawn(process.execPath, [main, '--scale', '0.1', ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    let text = ''
    for await (const chunk of child.stdout) {
      text += String(chunk)
      if (text.includes('\n')) break
    }
    return { child, line: JSON.parse(text) as Record<string, string> }
  }

  it('prints one line with everything a client needs, and ends when its parent closes stdin', async () => {
    const { child, line } = await start(['--now', '2026-11-22T10:00:00Z', '--client-id', 'given'])
    assert.equal(line.clientId, 'given')
    for (const name of [
      'loginUrl',
      'instanceUrl',
      'pubsubAddress',
      'pageUrl',
      'orgId',
      'clientSecret',
      'userClientId',
      'userClientSecret',
      'controlSecret',
    ]) {
      assert.ok(line[name], name)
    }
    assert.equal((await fetch(line.pageUrl!)).status, 200)
    child.stdin.end()
    const [code] = (await once(child, 'exit')) as [number]
    assert.equal(code, 0)
  })

  it('the same seed gives the same records under new credentials, and SIGTERM ends it', async () => {
    const [a, b] = [
      await start(['--seed', '3', '--now', '2026-11-22T10:00:00Z']),
      await start(['--seed', '3', '--now', '2026-11-22T10:00:00Z']),
    ]
    const leads = async ({ line }: typeof a) => (await fetch(`${line.pageUrl}search?q=gmbh`)).text()
    assert.equal(await leads(a), await leads(b))
    assert.notEqual(a.line.clientSecret, b.line.clientSecret)
    for (const { child } of [a, b]) {
      child.kill('SIGTERM')
      await once(child, 'exit')
      assert.equal(child.exitCode, 0)
    }
  })
})
