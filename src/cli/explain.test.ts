import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { loadPolicies } from '../config/policies/policy-files.ts'
import { explainPolicy } from '../model/decision/explain-policy.ts'
import { runExplain } from './explain.ts'

const { loaded } = loadPolicies(join(import.meta.dirname, '../../config/examples'))
const texts = new Map(loaded.map(({ version }) => [version.policy.workflow, explainPolicy(version)]))

describe('part of M1 and M27: the explanation of a policy', () => {
  it('answers who reviews, overrides, pauses, and decides that rules win', () => {
    for (const [workflow, text] of texts) {
      for (const job of ['Reviews:', 'Overrides an outcome:', 'Pauses the workflow', 'Decides where rules win:']) {
        assert.ok(text.includes(job), `${workflow}: ${job}`)
      }
    }
  })

  it('tells every rule in order, and which earlier rule comes first', () => {
    const text = texts.get('lead-routing')!
    assert.match(
      text,
      /1\. na-west-enterprise: if the country is US and the number of employees is 500 or more, it goes to/,
    )
    assert.match(
      text,
      /2\. na-west-commercial: if the country is US, unless na-west-enterprise took it, it goes to ben\.walsh@/,
    )
    for (const { rules } of loaded[2]!.version.policy.boundary) for (const { id } of rules) assert.ok(text.includes(id))
  })

  it('tells every class with its deadline', () => {
    assert.match(texts.get('account-ownership')!, /customer-facing: everything stops .* due in 4 business hours/)
  })

  it('holds no code words of the model', () => {
    for (const text of texts.values()) assert.doesNotMatch(text, /fact\.|undefined|\[object/)
  })

  it('is found by workflow or by file, and a wrong word gets an answer that names the nearest', async () => {
    let problem = ''
    let said = ''
    const streams = {
      stdout: { write: (text: string) => (said += text) },
      stderr: { write: (text: string) => (problem += text) },
    }
    const environment = { DATA_DIR: join(import.meta.dirname, 'no-data') }
    const explain = (...args: string[]) => runExplain(args, environment, streams)
    assert.equal(await explain('lead-routing'), 0)
    assert.match(said, /Set to live: /)
    assert.match(said, /^Now: it does not run, because Lanekeeper does not run with DATA_DIR=.*no-data\.$/m)
    assert.doesNotMatch(said, /It is live/)
    assert.equal(await explain(loaded[0]!.file), 0)
    assert.equal(problem, '')
    assert.equal(await explain('lead-roting'), 1)
    assert.match(problem, /did you mean "lead-routing"\?/)
  })
})
