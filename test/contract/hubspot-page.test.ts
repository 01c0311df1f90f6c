import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Harness, MAYA, type Receiver, startHarness, startReceiver } from './hubspot-sandbox.ts'

describe('HubSpot sandbox: the page for people', () => {
  let hubspot: Harness
  let receiver: Receiver
  let taskId = ''
  before(async () => {
    receiver = await startReceiver(() => hubspot.sandbox.credentials.clientSecret)
    hubspot = await startHarness({ webhookUrl: receiver.url })
    const task = await hubspot.client.crm.objects.tasks.basicApi.create({
      properties: {
        hs_timestamp: '2030-05-06T07:30:00Z',
        hs_task_subject: 'Who keeps <Zoë>?',
        hs_task_body: '<p>Two owners.</p><script>alert(1)</script>',
        hubspot_owner_id: MAYA.id,
      },
      associations: [
        { to: { id: '101' }, types: [{ associationCategory: 'HUBSPOT_DEFINED' as never, associationTypeId: 204 }] },
      ],
    })
    taskId = task.id
  })
  after(async () => {
    await hubspot[Symbol.asyncDispose]()
    await receiver[Symbol.asyncDispose]()
  })

  const page = async (path: string): Promise<{ status: number; text: string }> => {
    const response = await fetch(hubspot.sandbox.url + path)
    return { status: response.status, text: await response.text() }
  }
  const press = (path: string, origin?: string): Promise<Response> =>
    fetch(hubspot.sandbox.url + path, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...(origin === undefined ? {} : { origin }) },
      body: new URLSearchParams({ to: 'COMPLETED', back: '/?owner=7001' }),
    })

  it('shows an owner their task: subject, text, due time in the portal’s zone, and the record', async () => {
    const { status, text } = await page(`/?owner=${MAYA.id}`)
    assert.equal(status, 200)
    assert.match(text, /Who keeps &#60;Zoë&#62;\?/)
    assert.match(text, /Two owners\./)
    assert.match(text, /Mon, 6 May 2030, 09:30/)
    assert.match(text, /href="\/contacts\/101"/)
  })

  it('puts nothing of a record into the page as HTML', async () => {
    const { text } = await page(`/?owner=${MAYA.id}`)
    assert.equal(text.includes('<script>alert'), false)
    assert.equal(text.includes('<Zoë>'), false)
  })

  it('shows a record with its properties, their history and its tasks', async () => {
    const { text } = await page('/contacts/101')
    assert.match(text, /zoe@unal\.example/)
    assert.match(text, /2 values so far/)
    assert.match(text, /maya\.torres@brightwater\.example/)
    assert.match(text, /Ünal Wasser GmbH/)
    assert.match(text, /Who keeps/)
  })

  it('finds records by any part of their name or address', async () => {
    const { text } = await page('/contacts?q=mori')
    assert.match(text, /1 found for/)
    assert.match(text, /href="\/contacts\/102"/)
    assert.match((await page('/companies?q=%3Cb%3E')).text, /0 found for “&#60;b&#62;”/)
  })

  it('completes a task as its owner, and the app hears of it', async () => {
    const answer = await press(`/tasks/${taskId}/status`)
    assert.equal(answer.status, 303)
    assert.equal(answer.headers.get('location'), '/?owner=7001')
    const completed = () => receiver.events.find((event) => event.propertyValue === 'COMPLETED')
    await receiver.until('the webhook arrived', () => completed() !== undefined)
    assert.deepEqual([completed()?.changeSource, completed()?.sourceId], ['CRM_UI', `userId:${MAYA.userId}`])
    assert.match((await page(`/?owner=${MAYA.id}&show=done`)).text, /Who keeps/)
    assert.doesNotMatch((await page(`/?owner=${MAYA.id}`)).text, /Who keeps/)
  })

  it('refuses a button pressed from another site', async () => {
    assert.equal((await press(`/tasks/${taskId}/status`, 'https://evil.example')).status, 403)
    assert.equal((await press(`/tasks/${taskId}/status`, hubspot.sandbox.url)).status, 303)
  })

  it('says so when a record does not exist', async () => {
    const { status, text } = await page('/contacts/424242')
    assert.equal(status, 404)
    assert.match(text, /does not exist/)
  })

  it('opens records and tasks at the addresses that HubSpot itself gives them', async () => {
    const portal = hubspot.sandbox.portalId
    const task = await page(`/tasks/${portal}/view/all/task/${taskId}`)
    assert.equal(task.status, 200)
    assert.match(task.text, /Who keeps &#60;Zoë&#62;\?/)
    const contact = await page(`/contacts/${portal}/record/0-1/101`)
    assert.equal(contact.status, 200)
    assert.equal((await page(`/contacts/${portal}/record/0-1/999999999`)).status, 404)
  })
})
