import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { vagueWord, vagueWordOfId } from './vague-words.ts'

describe('vague words', () => {
  it('case L17: are ordinary words in the names of companies and products', () => {
    for (const title of [
      'Route Smart Home leads to the residential team',
      'Route leads of Better Mortgage to its account team',
      'Route Optimizely partner leads',
      'Route leads for Building Automation products',
      'Smart Home leads go to the residential team',
      'Assign Business Intelligence leads to the data team',
      'Route leads of Magic Leap to Maya',
      'Assign leads of C3 AI to the enterprise team',
      'Give Rockwell Automation its named representative',
      'Assign inbound HubSpot leads to the representative of their territory',
    ]) {
      assert.equal(vagueWord(title), null, title)
    }
    assert.equal(vagueWordOfId('smart-home-leads', 'Route Smart Home leads to the residential team'), null)
  })

  it('part of M29: say nothing of what a workflow does anywhere else', () => {
    for (const title of [
      'AI lead routing',
      'Route leads with AI',
      'Smart Lead Routing',
      'Smart routing of leads',
      'Improve lead quality',
      'Improve Lead Quality',
      'Route leads better',
      'Route Leads Smarter',
      'Optimize Routing',
      'Lead optimization',
      'Sales Automation',
      'Use AI Routing',
      'Next-gen lead assignment',
      'GPT for leads',
      'Smart Smart Routing',
    ]) {
      assert.notEqual(vagueWord(title), null, title)
    }
    assert.equal(vagueWordOfId('smart-routing', 'Assign inbound leads to the representative'), 'smart')
    assert.equal(vagueWordOfId('ai-leads', 'Route Smart Home leads to the residential team'), 'ai')
  })
})
