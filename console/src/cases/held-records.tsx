import { Button, Paper, Title } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { PropsWithChildren } from 'react'
import type { CaseReply } from '../../../src/api/cases/case-types.ts'
import { number, plural } from '../parts/format.ts'
import { OutLink } from '../parts/out-link.tsx'
import { heldQuery } from '../server/api.ts'

/** Of an input that is not known: every record that waits for it, page by page, and those that we are not shown. */
export function HeldRecords({ found }: { found: CaseReply }) {
  const { held } = found
  const more = useInfiniteQuery({ ...heldQuery(found.id, held?.records.length ?? 0), enabled: false })
  if (held === null) return null
  const records = [...held.records, ...(more.data?.pages.flatMap((page) => page.records) ?? [])]
  return (
    <>
      {held.notVisible && <NotVisible {...held.notVisible} />}
      <Waiting id="held" title={`${plural(held.count, 'record')} on hold`} records={records}>
        {held.count === 0 && <p className="quiet">No record waits for it any more.</p>}
        {held.count > records.length && (
          <Button
            size="xs"
            mt={8}
            variant="default"
            loading={more.isFetching}
            onClick={() => void (more.data ? more.fetchNextPage() : more.refetch())}
          >
            Show more of {number(held.count)}
          </Button>
        )}
      </Waiting>
    </>
  )
}

type Held = NonNullable<CaseReply['held']>

function NotVisible({ count, records }: NonNullable<Held['notVisible']>) {
  return (
    <Waiting id="not-visible" title={`${plural(count, 'record')} not visible to our user`} records={records}>
      {count > records.length && (
        <p className="quiet">These are the {records.length} that we have not seen for the longest time.</p>
      )}
    </Waiting>
  )
}

type WaitingProps = { readonly id: string; readonly title: string; readonly records: Held['records'] }

function Waiting({ id, title, records, children }: PropsWithChildren<WaitingProps>) {
  return (
    <Paper component="section" aria-labelledby={id}>
      <Title order={2} id={id} mb={10}>
        {title}
      </Title>
      <ul>
        {records.map(({ objectType, recordId, title: name, url }) => (
          <li key={`${objectType}/${recordId}`}>{url ? <OutLink href={url}>{name}</OutLink> : name}</li>
        ))}
      </ul>
      {children}
    </Paper>
  )
}
