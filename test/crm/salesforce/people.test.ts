import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { salesforceUser } from '../../../sandbox/tuesday/crm-user.ts'
import { active, connect, control, sandbox, withSandboxOrg, world } from './sandbox-stage.ts'
import { type Answer, type ScriptedOrg, startScriptedOrg, USER_ID } from './scripted-org.ts'

describe('the people of a sandbox org', () => {
  withSandboxOrg()

  const admin = () =>
    salesforceUser({ loginUrl: sandbox.url, instanceUrl: sandbox.url, ...sandbox.credentials } as Parameters<
      typeof salesforceUser
    >[0])
  const freeze = async (userId: string, isFrozen: boolean) => {
    const people = await admin()
    const [login] = await people.query<{ Id: string }>(`SELECT Id FROM UserLogin WHERE UserId = '${userId}'`)
    await people.update('UserLogin', login!.Id, { IsFrozen: isFrozen })
  }

  it('are asked for by id: users, those who left and queues are there, and a queue that was deleted is gone', async () => {
    const left = world.salesforce.User.find((user) => user.IsActive === false)!
    const queue = world.salesforce.Group.find((group) => group.Type === 'Queue')!
    const people = await admin()
    const closed = await people.create('Group', { Name: 'Closed', Type: 'Queue' })
    await people.remove('Group', closed)
    const ids = [active()[0]!.Id, left.Id, queue.Id, closed, 'nonsense']
    const answers = await connect().usersById(ids)
    assert.deepEqual(
      answers.map((one) => [one.userId, one.answer === 'there' ? [one.user.kind, one.user.active] : one.answer]),
      [
        [ids[0], ['person', true]],
        [left.Id, ['person', false]],
        [queue.Id, ['queue', true]],
        [closed, 'gone'],
        ['nonsense', 'unknown'],
      ],
    )
    const listed = (await connect().users()).find(({ userId }) => userId === queue.Id)!
    const asked = answers[2]!
    assert.equal(asked.answer === 'there' && asked.user.activeMembers, listed.activeMembers)
  })

  it('are unknown and not gone where Salesforce shows no such user: it deletes none, so it hides this one', async () => {
    const [answer] = await connect().usersById(['005Lk0000000zzzIAA'])
    assert.equal(answer?.answer, 'unknown')
  })

  it('cannot work while their login is frozen, in the list and by id, and can again after it', async () => {
    const [one] = active()
    await freeze(one!.Id, true)
    const states = async () => {
      const listed = (await connect().users()).find(({ userId }) => userId === one!.Id)!
      const [asked] = await connect().usersById([one!.Id])
      return [listed, asked!.answer === 'there' ? asked!.user : null].map((user) => [user?.active, user?.frozen])
    }
    assert.deepEqual(await states(), [
      [false, true],
      [false, true],
    ])
    await freeze(one!.Id, false)
    assert.deepEqual(await states(), [
      [true, false],
      [true, false],
    ])
  })

  const userOf = async (userId: string) => {
    const listed = (await connect().users()).find((user) => user.userId === userId)
    const [asked] = await connect().usersById([userId])
    assert.deepEqual(asked?.answer === 'there' ? asked.user : null, listed)
    return listed
  }

  it('are no people where their profile or licence is for programs, which a Standard user type does not tell', async () => {
    const program = world.salesforce.User.find(({ Title }) => Title === 'Integration')!
    const one = await userOf(program.Id)
    assert.deepEqual([program.UserType, one?.integration, one?.active], ['Standard', true, true])
    assert.equal((await userOf(active()[0]!.Id))?.integration, false)
  })

  it('are listed as before where our user may not see profiles, and then nobody is known as a program', async () => {
    const program = world.salesforce.User.find(({ Title }) => Title === 'Integration')!
    await control('POST', 'permissions', { objects: { User: { fields: { ProfileId: 'hidden' } } } })
    try {
      const one = await userOf(program.Id)
      assert.deepEqual([one?.active, one?.integration], [true, null])
    } finally {
      await control('DELETE', 'permissions')
    }
  })

  it('case O12: have the e-mail of production in a sandbox org, and in no other org', async () => {
    const people = await admin()
    const [one] = active()
    const email = String(one!.Email)
    await people.update('User', one!.Id, { Email: `${email}.invalid` })
    try {
      assert.equal((await userOf(one!.Id))?.email, `${email}.invalid`)
      await control('POST', 'settings', { organization: { IsSandbox: true } })
      assert.equal((await userOf(one!.Id))?.email, email)
      // As Salesforce wrote it into sandboxes years ago.
      await people.update('User', one!.Id, { Email: `${email.replace('@', '=')}@example.com` })
      assert.equal((await userOf(one!.Id))?.email, email)
      await people.update('User', one!.Id, { Email: `${email}.invalid` })
      await control('POST', 'permissions', { objects: { Organization: { read: false } } })
      assert.equal((await userOf(one!.Id))?.email, `${email}.invalid`)
    } finally {
      await control('DELETE', 'permissions')
      await control('POST', 'settings', { organization: { IsSandbox: false } })
      await people.update('User', one!.Id, { Email: email })
    }
  })

  it('count by what Salesforce says of the user where our user may not see logins', async () => {
    await control('POST', 'permissions', { objects: { UserLogin: { read: false } } })
    try {
      const listed = (await connect().users()).find(({ userId }) => userId === active()[0]!.Id)!
      assert.deepEqual([listed.active, listed.frozen], [true, null])
    } finally {
      await control('DELETE', 'permissions')
    }
  })
})

describe('who works a queue', () => {
  let org: ScriptedOrg
  before(async () => {
    org = await startScriptedOrg()
  })
  after(() => org.close())

  const QUEUE = '00G5f000000aaaaEAA'
  const OTHER = '00G5f000000bbbbEAA'
  const HIRED = '0055f000000newwAAA'
  const rows = (...records: unknown[]): Answer => ({ json: { totalSize: records.length, done: true, records } })
  const member = (id: number, group: string, user: string) => ({
    Id: `01100000000000${id}AAA`,
    GroupId: group,
    UserOrGroupId: user,
  })

  /** Answers each query by the object that it names. */
  function script(answers: Record<string, Answer>) {
    org.on('GET', '/query', (request, response) => {
      const from = /FROM (\w+)/.exec(request.soql ?? '')?.[1] ?? ''
      const key = from === 'GroupMember' && !request.soql!.includes('WHERE') ? 'any member' : from
      const answer = (answers[key] ?? rows()) as { json: unknown }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.json))
    })
  }
  const maya = { Id: USER_ID, Email: 'maya@x.example', Name: 'Maya', IsActive: true }
  const queues = rows({ Id: QUEUE, Name: 'Inbound' }, { Id: OTHER, Name: 'Partners' })
  const working = async () =>
    (await org.client().users())
      .filter(({ kind }) => kind === 'queue')
      .map(({ activeMembers, unlistedMembers }) => [activeMembers, unlistedMembers])

  it('is not known where the org shows not one member of any group', async () => {
    script({ User: rows(maya), Group: queues })
    assert.deepEqual(await working(), [
      [null, []],
      [null, []],
    ])
  })

  it('is nobody where other groups have members and these have none', async () => {
    script({ User: rows(maya), Group: queues, 'any member': rows({ Id: '011000000000009AAA' }) })
    assert.deepEqual(await working(), [
      [0, []],
      [0, []],
    ])
  })

  it('names the members whom the list of users lacks instead of counting them as gone', async () => {
    script({ User: rows(maya), Group: queues, GroupMember: rows(member(1, QUEUE, HIRED), member(2, OTHER, USER_ID)) })
    assert.deepEqual(await working(), [
      [0, [HIRED]],
      [1, []],
    ])
  })

  it('knows no group as gone where the org shows no group at all', async () => {
    script({ User: rows(maya) })
    assert.equal((await org.client().usersById([QUEUE]))[0]?.answer, 'unknown')
  })

  it('takes no e-mail from a user that is no person', async () => {
    script({ User: rows(maya, { ...maya, Id: HIRED, Name: 'Automated Process', UserType: 'AutomatedProcess' }) })
    assert.deepEqual(
      (await org.client().users()).map(({ email }) => email),
      ['maya@x.example', null],
    )
  })
})
