import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { patterns } from '../../model/patterns/registry.ts'
import { PATTERNS_PAGE, patternsPage } from './patterns-page.ts'

const page = readFileSync(PATTERNS_PAGE, 'utf8')

describe('docs/patterns.md', () => {
  it('is up to date with the registry (npm run generate)', () => {
    assert.equal(page, patternsPage(page, patterns()))
  })

  it('defines every pattern in a section of its own', () => {
    const sections = [...page.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
    for (const { name } of patterns()) assert.ok(sections.includes(name), name)
  })
})
