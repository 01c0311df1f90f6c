import { fileURLToPath } from 'node:url'
import { buildConsoleIfStale } from '../../console/build.ts'
import { buildApp } from '../../src/api/app.ts'
import { explainPolicy } from '../../src/model/decision/explain-policy.ts'
import { testSetUp } from '../support/connect-stage.ts'
import { testDatabase } from '../support/database.ts'
import { adminLink } from '../support/people.ts'
import { seedConsole } from './console-rows.ts'

/**
 * The console over seeded rows, to look at while working on it: `node test/browser/preview.ts [port] [--empty]`.
 * Ctrl-C ends it and drops its database.
 */
const port = Number(process.argv[2] ?? 4700)
await buildConsoleIfStale({ onProgress: (line) => console.log(line) })
const { db, drop } = await testDatabase()
if (!process.argv.includes('--empty')) await seedConsole(db, new Date())
const publicUrl = `http://localhost:${port}`
const app = buildApp({
  db,
  publicUrl,
  consoleDir: fileURLToPath(new URL('../../console/dist', import.meta.url)),
  explain: explainPolicy,
  connect: testSetUp(db, publicUrl),
  links: {
    recordUrl: (connection, objectType, recordId) => `${connection.baseUrl}/${objectType}/${recordId}`,
    taskUrl: (connection, taskId) => `${connection.baseUrl}/tasks/${taskId}`,
    accountUrl: (connection) => connection.baseUrl,
  },
})
await app.listen({ port, host: '127.0.0.1' })
console.log(await adminLink(db, publicUrl))
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await app.close()
    await drop()
    process.exit(0)
  })
}
