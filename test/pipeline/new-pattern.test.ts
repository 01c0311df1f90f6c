import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ListQuery } from '../../src/api/cases/case-types.ts'
import { readExceptions } from '../../src/api/cases/read-exceptions.ts'
import { readOverview } from '../../src/api/overview/read-overview.ts'
import { PATTERNS_PAGE, patternsPage } from '../../src/config/policies/patterns-page.ts'
import { loadPolicies } from '../../src/config/policies/policy-files.ts'
import { editorSchemas } from '../../src/config/policies/write-schemas.ts'
import { explainPolicy } from '../../src/model/decision/explain-policy.ts'
import { fieldsNeeded } from '../../src/model/patterns/contract/fields-needed.ts'
import { definePattern, finding, found, NOTHING } from '../../src/model/patterns/contract/pattern.ts'
import { patterns, registerPattern } from '../../src/model/patterns/registry.ts'
import { contactPolicy, pipelineHarness, staff } from './harness.ts'

/** A pattern that the product does not have. Everything below follows from this one object. */
const testDomain = definePattern({
  name: 'test-domain',
  title: 'Test e-mail address',
  label: 'test address',
  meaning: 'The e-mail address of a record ends with a domain that only tests use.',
  parameters: {
    field: { kind: 'field', says: 'The field that holds the e-mail address.' },
    endings: { kind: 'texts', says: 'Domains that only tests use.' },
    graceHours: { kind: 'whole-number', says: 'Hours in which a test record may exist.', least: 0, otherwise: 1 },
  },
  floor: 'risky',
  sentence: ({ field, endings = [] }) => `${field} ends with ${endings.join(' or ')}`,
  fields: ({ field }) => ({ read: [field], aged: [field] }),
  detect({ field, endings = [] }, { facts }) {
    const address = facts.record.values[field] ?? ''
    if (!endings.some((ending) => address.endsWith(ending))) return NOTHING
    return found(
      finding({
        pattern: 'test-domain',
        what: `${address} is a test address.`,
        todo: 'Delete the record.',
        evidence: { [field]: address },
      }),
    )
  },
  clearing: ({ field }) => [{ field, to: 'jane@acme.de', says: `With a real address in ${field} this would end.` }],
})

const SHIPPED = join(import.meta.dirname, '../../config/examples')
const SETTING = { pattern: 'test-domain', field: 'qa_email', endings: ['.test'], graceHours: 1 }

describe('one more pattern, registered as one object', () => {
  const dirs: string[] = []
  let unregister = () => {}
  before(() => {
    unregister = registerPattern(testDomain)
  })
  after(() => {
    unregister()
    for (const dir of dirs) rmSync(dir, { recursive: true, force: true })
  })

  /** The shipped lead workflow with this setting as one more pattern. */
  function loadWith(setting: string) {
    const dir = mkdtempSync(join(tmpdir(), 'lanekeeper-pattern-'))
    dirs.push(dir)
    cpSync(SHIPPED, dir, { recursive: true })
    const file = join(dir, 'workflows/lead-routing.yaml')
    const text = readFileSync(file, 'utf8')
    assert.ok(text.includes('\npatterns:\n'))
    writeFileSync(file, text.replace('\npatterns:\n', `\npatterns:\n  - ${setting}\n`))
    const { loaded, refused } = loadPolicies(dir)
    const policy = loaded.find(({ version }) => version.policy.workflow === 'lead-routing')
    return { version: policy?.version, errors: refused.flatMap(({ errors }) => errors) }
  }

  it('may be listed by a policy, which gets its defaults, its explanation and its fields', () => {
    const { version, errors } = loadWith('{ pattern: test-domain, field: qa_email, endings: [.test] }')
    assert.deepEqual(errors, [])
    assert.deepEqual(version!.policy.patterns[0], SETTING)
    assert.match(explainPolicy(version!), /- test-domain: qa_email ends with \.test\.\n/)
    const needed = fieldsNeeded([version!.policy], 'salesforce', 'Lead')
    assert.ok(needed.fields.includes('qa_email') && needed.historyFields.includes('qa_email'))
  })

  it('is refused with the place and the reason where its settings are wrong', () => {
    const messageOf = (setting: string) => {
      const { errors } = loadWith(setting)
      assert.equal(errors.length, 1, JSON.stringify(errors))
      return `${errors[0]!.field}: ${errors[0]!.message}`
    }
    assert.match(messageOf('{ pattern: test-domain, endings: [.test] }'), /^patterns\[0\]\.field: is missing/)
    assert.equal(
      messageOf('{ pattern: test-domain, field: qa_email, endings: [] }'),
      'patterns[0].endings: must name at least one text, or be left out',
    )
    assert.match(
      messageOf('{ pattern: test-domain, field: qa_email, endings: [.test], grace: 3 }'),
      /^patterns\[0\]\.grace: is not known/,
    )
    assert.equal(
      messageOf('{ pattern: test-domian, field: qa_email, endings: [.test] }'),
      'patterns[0].pattern: Unknown pattern "test-domian"; did you mean test-domain?',
    )
  })

  it('has its floor checked in class rules', () => {
    const dir = mkdtempSync(join(tmpdir(), 'lanekeeper-pattern-'))
    dirs.push(dir)
    cpSync(SHIPPED, dir, { recursive: true })
    const file = join(dir, 'workflows/lead-routing.yaml')
    const rule = '\nclasses:\n  - pattern: test-domain\n    class: expected\n    because: Only a test.\n'
    writeFileSync(file, readFileSync(file, 'utf8').replace('\nclasses:\n', rule))
    const [refused] = loadPolicies(dir).refused
    assert.match(refused!.errors[0]!.message, /test-domain changes who works a record and is at least risky/)
  })

  it('stands in the editor schema and in docs/patterns.md', () => {
    assert.match(editorSchemas().get('workflow.schema.json')!, /"const": "test-domain"/)
    const page = patternsPage(readFileSync(PATTERNS_PAGE, 'utf8'), patterns())
    assert.match(page, /^\| `test-domain` \| Test e-mail address \| The e-mail address of a record/m)
    assert.match(
      page,
      /^\| `test-domain` \| `endings` \| Domains that only tests use\. \| a list of texts; optional \|$/m,
    )
  })

  it('is found on a record, classed, given to a reviewer, and named in the task, the API and the console', async () => {
    const policy = contactPolicy()
    const h = await pipelineHarness((crm) => {
      staff(crm)
      return [
        {
          ...policy,
          patterns: [...policy.patterns, SETTING],
          classes: [...policy.classes, { pattern: 'test-domain', when: [], class: 'risky', because: 'A test.' }],
        },
      ]
    })
    try {
      const owner = h.crm.users.find(({ email }) => email === 'rep@x.example')!.userId
      const fields = { createdate: '2026-11-20T08:00:00.000Z', country: 'DE', hubspot_owner_id: owner }
      await h.receive(h.crm.change('contacts', '1', { ...fields, qa_email: 'robot@load.test' }))
      await h.settle()
      const [opened] = await h.openExceptions()
      assert.equal(opened?.pattern, 'test-domain')
      assert.equal(opened.class, 'risky')
      assert.equal(opened.owner_email, 'gen@x.example')
      assert.match([...h.crm.tasks.values()][0]!.subject, /^Risky: test address, contact/)
      // The console's filter, breakdown and case page show the titles that the API sends.
      const { exceptions } = await readExceptions(h.db, ListQuery.parse({ pattern: 'test-domain' }), new Date())
      assert.deepEqual(
        exceptions.map(({ patternTitle }) => patternTitle),
        ['Test e-mail address'],
      )
      const { byPattern } = await readOverview(h.db, new Date())
      assert.deepEqual(
        byPattern.map(({ key, title }) => [key, title]),
        [['test-domain', 'Test e-mail address']],
      )
    } finally {
      await h.stop()
    }
  })
})

describe('the registry of patterns', () => {
  it('refuses a second pattern of one name, and forgets one that was taken back', () => {
    const unregister = registerPattern(testDomain)
    assert.throws(() => registerPattern(testDomain), /"test-domain" is already registered/)
    unregister()
    assert.ok(!patterns().includes(testDomain))
  })
})
