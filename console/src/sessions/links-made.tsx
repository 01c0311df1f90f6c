import type { SessionsReply } from '../../../src/api/sessions/own-session-types.ts'
import { ago, exact } from '../parts/format.ts'
import { Row, Rows } from './rows.tsx'
import { Section } from './section.tsx'

/** Whoever made a link may have opened it, so the person it names sees all of them. */
export function LinksMade({ links }: { links: SessionsReply['links'] }) {
  if (links.length === 0) return null
  return (
    <Section title="Links made for you">
      <p className="quiet">
        Each signs somebody in as you, once. One you did not ask for? Ask who made it, and end the session it began.
      </p>
      <Rows>
        {links.map(({ madeBy, at, usedAt, isOpen }) => (
          <Row key={at}>
            <strong>By {madeBy}</strong>
            <span className="quiet">
              made <time title={exact(at)}>{ago(at, Date.now())}</time>,{' '}
              {usedAt === null ? (isOpen ? 'not used yet' : 'never used') : `used ${ago(usedAt, Date.now())}`}
            </span>
          </Row>
        ))}
      </Rows>
    </Section>
  )
}
