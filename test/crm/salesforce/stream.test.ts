import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { status } from '@grpc/grpc-js'
import { CrmReconnectError } from '../../../src/crm/crm-client.ts'
import { isLoopback } from '../../../src/crm/salesforce/stream/pubsub-channel.ts'
import { SILENCE_MAX_MS, SILENCE_UNPLACED_MAX_MS } from '../../../src/crm/salesforce/stream/subscribe.ts'
import { leadMessage, replayId, streamClient } from './scripted-bus.ts'
import { batches, bus, events, send, start, states, stopAll, until, withScriptedBus } from './stream-stage.ts'

describe('the stream of Salesforce', () => {
  withScriptedBus()

  it('requests more only when the batch before is committed', async () => {
    let release: () => void = () => {}
    const committed = new Promise<void>((resolve) => {
      release = resolve
    })
    bus.onSubscribe = (subscription) =>
      subscription.send([send(1, leadMessage({})), send(2, leadMessage({ sequenceNumber: 2 }))])
    start({
      onBatch: async (batch) => {
        batches.push(batch)
        await committed
      },
    })
    await until(() => batches.length === 1, 'a batch')
    assert.deepEqual(bus.subscriptions[0]!.requested, [100])
    release()
    await until(() => bus.subscriptions[0]!.requested.length === 2, 'the next request')
    assert.deepEqual(bus.subscriptions[0]!.requested, [100, 2])
  })

  it('begins again after the last committed event when a batch could not be stored', async () => {
    let failing = true
    bus.onSubscribe = (subscription) => subscription.send([send(8, leadMessage({}))])
    start({
      replayId: replayId(7),
      onBatch: async (batch) => {
        if (failing) {
          failing = false
          throw new Error('the database is down')
        }
        batches.push(batch)
      },
    })
    await until(() => batches.length === 1, 'the same batch again')
    const [first, second] = bus.subscriptions
    assert.deepEqual(
      [first!.first.replayPreset, first!.first.replayId, second!.first.replayId],
      ['CUSTOM', replayId(7), replayId(7)],
    )
    assert.ok(states.some((state) => state.state === 'waiting' && /database is down/.test(state.why)))
  })

  it('stores the progress of a keepalive and comes back after it', async () => {
    bus.onSubscribe = (subscription) => {
      if (bus.subscriptions.length > 1) return
      subscription.send([], replayId(40))
      subscription.end()
    }
    start()
    await until(() => bus.subscriptions.length === 2, 'a second subscription')
    assert.deepEqual(
      batches.map(({ events, latestReplayId }) => [events.length, latestReplayId]),
      [[0, replayId(40)]],
    )
    assert.deepEqual(
      [bus.subscriptions[1]!.first.replayPreset, bus.subscriptions[1]!.first.replayId],
      ['CUSTOM', replayId(40)],
    )
  })

  it('says that changes may be lost when its place has expired, then goes on from the earliest, never the latest', async () => {
    bus.onSubscribe = (subscription) => {
      if (subscription.first.replayPreset === 'CUSTOM') {
        subscription.fail(
          status.INVALID_ARGUMENT,
          'sfdc.platform.eventbus.grpc.subscription.fetch.replayid.corrupted',
          'The Replay ID validation failed',
        )
      } else subscription.send([send(50, leadMessage({}))])
    }
    const order: string[] = []
    start({
      replayId: replayId(1),
      onState: async (state) => {
        await wait(1)
        order.push(state.state)
      },
      onBatch: async () => void order.push('batch'),
    })
    await until(() => order.includes('batch'), 'a batch')
    assert.ok(
      order.indexOf('replay-lost') >= 0 && order.indexOf('replay-lost') < order.indexOf('batch'),
      order.join(' '),
    )
    assert.deepEqual(
      bus.subscriptions.map(({ first }) => first.replayPreset),
      ['CUSTOM', 'EARLIEST'],
    )
  })

  it('takes "validation failed" for a lost place as well: whose mistake it was, what was told meanwhile is not here', async () => {
    bus.onSubscribe = (subscription) => {
      if (subscription.first.replayPreset === 'CUSTOM') {
        subscription.fail(
          status.INVALID_ARGUMENT,
          'sfdc.platform.eventbus.grpc.subscription.fetch.replayid.validation.failed',
          'The place to go on from was refused',
        )
      } else subscription.send([send(50, leadMessage({}))])
    }
    start({ replayId: replayId(1) })
    await until(() => batches.length > 0, 'a batch')
    assert.deepEqual(
      states.map(({ state }) => state).filter((state) => state === 'replay-lost' || state === 'refused'),
      ['replay-lost'],
    )
    assert.deepEqual(
      bus.subscriptions.map(({ first }) => first.replayPreset),
      ['CUSTOM', 'EARLIEST'],
    )
  })

  it('does not go on after a loss before the caller has taken note of it', async () => {
    bus.onSubscribe = (subscription) => {
      if (subscription.first.replayPreset === 'CUSTOM') {
        subscription.fail(
          status.INVALID_ARGUMENT,
          'sfdc.platform.eventbus.grpc.subscription.fetch.replayid.corrupted',
          'The Replay ID validation failed',
        )
      } else subscription.send([send(50, leadMessage({}))])
    }
    let refusals = 3
    start({
      replayId: replayId(1),
      onState: (state) => {
        states.push(state)
        if (state.state === 'replay-lost' && refusals-- > 0) throw new Error('the database is down')
      },
    })
    await until(() => batches.length === 1, 'a batch')
    assert.equal(states.filter(({ state }) => state === 'replay-lost').length, 4)
    assert.equal(bus.subscriptions.length, 2)
  })

  it('stops at once while the server does not answer', async () => {
    start({ client: streamClient({ session: () => new Promise(() => {}) }) })
    await until(() => states.some(({ state }) => state === 'connecting'), 'the attempt')
    await stopAll()
    assert.equal(states.at(-1)?.state, 'stopped')
  })

  it('stops at once while nobody listens at the address', async () => {
    bus.close()
    start()
    await until(() => states.some(({ state }) => state === 'connecting'), 'the attempt')
    await stopAll()
    assert.equal(states.at(-1)?.state, 'stopped')
  })

  it('says so too when it broke before it ever knew its place', async () => {
    bus.onSubscribe = (subscription) => {
      if (bus.subscriptions.length > 1) return
      subscription.send([]) // headers and an empty message without a place
      subscription.end()
    }
    start()
    await until(() => bus.subscriptions.length === 2, 'a second subscription')
    assert.deepEqual(
      bus.subscriptions.map(({ first }) => first.replayPreset),
      ['LATEST', 'EARLIEST'],
    )
    assert.ok(states.some(({ state }) => state === 'replay-lost'))
  })

  it('fetches a new session when the old one is refused', async () => {
    bus.onSubscribe = (subscription) => {
      if (subscription.token === 'token1')
        subscription.fail(status.UNAUTHENTICATED, 'sfdc.platform.eventbus.grpc.service.auth.error', 'invalid session')
      else subscription.send([send(1, leadMessage({}))])
    }
    start()
    await until(() => events().length === 1, 'an event')
    assert.deepEqual(
      bus.subscriptions.map(({ token }) => token),
      ['token1', 'token2'],
    )
    assert.equal(bus.subscriptions[0]!.tenant, '00D5f000000abcDEAQ')
  })

  it('names the step to take when the grant is gone', async () => {
    const client = streamClient({
      session: async () => {
        throw new CrmReconnectError('revoked', 'Reconnect the org.')
      },
    })
    start({ client })
    await until(() => states.some(({ state }) => state === 'refused'), 'the refusal')
    const refused = states.find((state) => state.state === 'refused')
    assert.equal(refused?.state === 'refused' && refused.remedy, 'Reconnect the org.')
  })

  it('waits long when the allowance of the org is spent', async () => {
    bus.onSubscribe = (subscription) =>
      subscription.fail(
        status.RESOURCE_EXHAUSTED,
        'sfdc.platform.eventbus.grpc.subscription.limit.exceeded',
        'You have exceeded the event delivery limit for your org.',
      )
    start({ replayId: replayId(1) })
    await until(() => states.some(({ state }) => state === 'allowance-spent'), 'the pause')
    const spent = states.find((state) => state.state === 'allowance-spent')
    assert.ok(spent?.state === 'allowance-spent' && spent.retryAtMs > Date.now() + 20 * 60_000)
  })

  it('takes a silent stream for dead, cancels it and comes back', async () => {
    start({ silenceMaxMs: 60, replayId: replayId(1) })
    await until(() => bus.subscriptions.length >= 2, 'a second subscription')
    assert.ok(bus.subscriptions[0]!.closed(), 'the dead stream was left open')
  })

  it('notices within 90 s that a stream is open and silent, whatever the first pause before it comes back', () => {
    assert.ok(SILENCE_MAX_MS + 1_000 <= 90_000, `${SILENCE_MAX_MS} ms`)
    // Salesforce sends a keepalive about every 60 s: a healthy stream is not cut.
    assert.ok(SILENCE_MAX_MS >= 75_000, `${SILENCE_MAX_MS} ms`)
  })

  it('says of a silent stream that no message came, and goes on after the last stored event', async () => {
    bus.onSubscribe = (subscription) => {
      if (bus.subscriptions.length === 1) subscription.send([send(4, leadMessage({}))])
    }
    start({ silenceMaxMs: 60 })
    await until(() => bus.subscriptions.length === 2, 'a second subscription')
    assert.ok(states.some((state) => state.state === 'waiting' && /no message/.test(state.why)))
    assert.deepEqual(bus.subscriptions[1]!.first.replayId, replayId(4))
    assert.ok(!states.some(({ state }) => state === 'replay-lost'))
  })

  it('gives a stream whose place is not known yet the time that Salesforce promises, since a cut could lose something', () => {
    assert.ok(SILENCE_UNPLACED_MAX_MS > 270_000)
  })

  for (const [what, code] of [
    ['an unknown channel', status.NOT_FOUND],
    ['a missing permission', status.PERMISSION_DENIED],
  ] as const) {
    it(`tells the admin what to do about ${what}, and waits minutes instead of asking again at once`, async () => {
      bus.onSubscribe = (subscription) => subscription.fail(code, 'sfdc.platform.eventbus.grpc.topic', 'no such topic')
      start({ replayId: replayId(1) })
      await until(() => states.some(({ state }) => state === 'refused'), 'the refusal')
      await wait(60) // ten times the backoff of this test
      assert.equal(bus.subscriptions.length, 1)
      const refused = states.find((state) => state.state === 'refused')
      assert.ok(refused?.state === 'refused')
      assert.match(refused.remedy, /Change Data Capture select the objects.*View All Data/)
      assert.ok(refused.retryAtMs > Date.now() + 4 * 60_000)
    })
  }

  it('calls a request that Salesforce finds malformed a mistake of ours, not of the admin', async () => {
    bus.onSubscribe = (subscription) =>
      subscription.fail(
        status.INVALID_ARGUMENT,
        'sfdc.platform.eventbus.grpc.subscription.fetch.requested.events.invalid',
        'The requested number of events is invalid.',
      )
    start({ replayId: replayId(1) })
    await until(() => states.some(({ state }) => state === 'refused'), 'the refusal')
    const refused = states.find((state) => state.state === 'refused')
    assert.match(refused?.state === 'refused' ? refused.remedy : '', /mistake of ours/)
    assert.ok(!states.some(({ state }) => state === 'replay-lost'))
  })

  for (const [what, code, details] of [
    ['13, the service is unavailable', status.INTERNAL, 'The service is unavailable. Try again later. rpcId: 1'],
    ['13, RST_STREAM with code 0', status.INTERNAL, 'Received RST_STREAM with code 0'],
    ['14, RST_STREAM with NO_ERROR', status.UNAVAILABLE, 'RST_STREAM closed stream. HTTP/2 error code: NO_ERROR'],
    ['1, cancelled by a proxy', status.CANCELLED, 'Call cancelled'],
  ] as const) {
    it(`comes back after ${what}, with its place and longer and longer pauses`, async () => {
      bus.onSubscribe = (subscription) => subscription.fail(code, '', details)
      start({ replayId: replayId(7), backoffBaseMs: 2 })
      await until(() => bus.subscriptions.length >= 5, 'five attempts')
      await stopAll()
      assert.ok(bus.subscriptions.every(({ first }) => first.replayId?.equals(replayId(7))))
      assert.ok(states.every(({ state }) => state !== 'replay-lost' && state !== 'refused'))
      const pauses = states.flatMap((state) => (state.state === 'waiting' ? [state.why] : []))
      assert.ok(pauses.length >= 4)
    })
  }

  it('tells the admin when even new sessions are refused, instead of logging in for ever', async () => {
    bus.onSubscribe = (subscription) =>
      subscription.fail(status.UNAUTHENTICATED, 'sfdc.platform.eventbus.grpc.service.auth.error', 'invalid session')
    let renewals = 0
    const { renewSession } = streamClient()
    const client = streamClient({
      renewSession: (refused) => {
        renewals++
        return renewSession(refused)
      },
    })
    start({ replayId: replayId(1), client })
    await until(() => states.some(({ state }) => state === 'refused'), 'the refusal')
    await wait(60)
    assert.equal(renewals, 2)
    assert.equal(bus.subscriptions.length, 3)
    const refused = states.find((state) => state.state === 'refused')
    assert.match(refused?.state === 'refused' ? refused.remedy : '', /API Enabled/)
  })

  it('comes back when the server restarts, with its place', async () => {
    bus.onSubscribe = (subscription) => {
      if (bus.subscriptions.length > 1) return
      subscription.send([send(3, leadMessage({}))])
    }
    start()
    await until(() => batches.length === 1, 'a batch')
    bus.subscriptions[0]!.fail(
      status.INTERNAL,
      'sfdc.platform.eventbus.grpc.service.unavailable',
      'The service is unavailable. Try again later.',
    )
    await until(() => bus.subscriptions.length === 2, 'a second subscription')
    assert.deepEqual(bus.subscriptions[1]!.first.replayId, replayId(3))
    assert.ok(!states.some(({ state }) => state === 'replay-lost'))
  })

  it('stops when told to, and says so', async () => {
    start()
    await until(() => bus.subscriptions.length === 1, 'a subscription')
    await stopAll()
    assert.equal(states.at(-1)?.state, 'stopped')
  })
})

describe('a plain-text stream', () => {
  it('is for loopback addresses only', () => {
    for (const here of ['127.0.0.1:4021', 'localhost:4021', '[::1]:4021', '127.9.9.9'])
      assert.equal(isLoopback(here), true, here)
    for (const away of [
      'api.pubsub.salesforce.com:7443',
      '10.0.0.1:4021',
      '127.0.0.1.evil.example:7443',
      'localhost.evil.example:1',
      '[2001:db8::1]:4021',
    ]) {
      assert.equal(isLoopback(away), false, away)
    }
  })
})
