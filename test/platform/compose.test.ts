import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { SETTINGS } from '../../src/config/settings/setting-table.ts'

type Service = {
  command?: string[]
  environment?: Record<string, string>
  healthcheck?: { test?: string[] }
  deploy?: { replicas?: number }
  depends_on?: Record<string, { condition: string }>
}

const root = new URL('../../', import.meta.url)
const read = (file: string) => readFileSync(new URL(file, root), 'utf8')

describe('docker-compose.yml', () => {
  const { services } = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Service> }
  const ours = [services.service, services.workers].filter((service) => service !== undefined)

  it('runs service, scaled workers, Postgres and Valkey, each with a health check', () => {
    assert.deepEqual(Object.keys(services).sort(), ['postgres', 'service', 'valkey', 'workers'])
    for (const [name, { healthcheck }] of Object.entries(services)) assert.ok(healthcheck?.test?.length, name)
    assert.ok((services.workers?.deploy?.replicas ?? 0) > 1)
  })

  it('gives our processes only settings that exist, so that none is refused at their start', () => {
    const known = new Set<string>(Object.values(SETTINGS).map(({ name }) => name))
    for (const { environment } of ours) {
      assert.deepEqual(
        Object.keys(environment ?? {}).filter((name) => !known.has(name)),
        [],
      )
    }
  })

  it('runs files that exist and that the image holds', () => {
    const image = read('Dockerfile')
    for (const { command, healthcheck } of ours) {
      for (const file of [...(command ?? []), ...(healthcheck?.test ?? [])].filter((part) => part.endsWith('.ts'))) {
        assert.ok(existsSync(new URL(file, root)), file)
        const room = file.split('/')[0]
        assert.match(image, new RegExp(`^COPY --from=build .*/app/${room} `, 'm'))
      }
    }
  })

  it('starts ours only when both stores are healthy', () => {
    for (const { depends_on } of ours) {
      assert.deepEqual(depends_on, {
        postgres: { condition: 'service_healthy' },
        valkey: { condition: 'service_healthy' },
      })
    }
  })

  it('has an image of the very Node that package.json pins', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
    const versions = [...read('Dockerfile').matchAll(/^FROM node:([\d.]+)-/gm)].map((match) => match[1])
    assert.deepEqual([...new Set(versions)], [dependencies.node])
  })
})
