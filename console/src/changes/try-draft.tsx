import { Button, Progress, Stack } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import type { DraftView } from '../../../src/api/changes/change-types.ts'
import type { TriedView, TryStarted, TryView } from '../../../src/api/changes/try-types.ts'
import { number, plural } from '../parts/format.ts'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { OutLink } from '../parts/out-link.tsx'
import { queryClient, send } from '../server/api.ts'
import { tryQuery } from './try-queries.ts'

/** What the draft makes of the records as they are. Nothing is saved but who tried it. */
export function TryDraft({ draft: { id, hash } }: { draft: Pick<DraftView, 'id' | 'hash'> }) {
  const start = useMutation({
    mutationFn: () => send<TryStarted>(`/api/console/changes/drafts/${id}/try`, { hash }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['console'] }),
  })
  const run = start.data?.run ?? null
  const { data, error } = useQuery({ ...tryQuery(run ?? ''), enabled: run !== null })
  const isRunning = start.isPending || (run !== null && data?.state === 'running')
  return (
    <Stack gap={8} align="flex-start">
      <Button size="xs" variant="default" loading={isRunning} onClick={() => start.mutate()}>
        {data?.state === 'done' ? 'Try again' : 'Try on present records'}
      </Button>
      {start.error && <ProblemNotice error={start.error} />}
      {error && <ProblemNotice error={error} />}
      {run !== null && data && <Run view={data} />}
    </Stack>
  )
}

/** Sooner nobody needs to be told that it works. */
const SHOWN_AFTER_MS = 2_000

function Run({ view: { state, progress, tookMs, tried, isOutdated } }: { view: TryView }) {
  if (state === 'failed') {
    return (
      <Notice tone="stop" title="The draft could not be tried">
        <p>Try it again. If it fails again, the log of the service says why.</p>
      </Notice>
    )
  }
  if (state === 'running' && tookMs < SHOWN_AFTER_MS) return null
  if (tried === null) {
    const { decided, of } = progress
    return (
      <div className="try-progress" role="status">
        Deciding {number(decided)} of {plural(of, 'record')}
        <Progress value={of === 0 ? 0 : (100 * decided) / of} aria-label="Records decided" mt={4} />
      </div>
    )
  }
  return <Result tried={tried} tookMs={tookMs} isOutdated={isOutdated} />
}

function Result({ tried, tookMs, isOutdated }: { tried: TriedView; tookMs: number; isOutdated: boolean }) {
  const { records, patterns, settled, notKnown, importing, ended } = tried
  const cases = patterns.reduce((sum, one) => sum + one.cases, 0)
  return (
    <section aria-label="What the draft would find" className="try-result">
      {isOutdated && (
        <Notice tone="warn" title="The draft changed while it was tried">
          <p>This is what the text before would find. Try it again.</p>
        </Notice>
      )}
      {ended.length > 0 && <p>{inWords(ended)} was disconnected meanwhile, so its records are left out.</p>}
      {importing.length > 0 && (
        <p>The import of {inWords(importing)} is still running, so there will be more. Try again when it is done.</p>
      )}
      {records.decided === 0 ? (
        <p>There are no records to try it on yet.</p>
      ) : (
        <>
          <p>
            <strong>It would open {plural(cases, 'case')}</strong> on {plural(records.inScope, 'record')}
            {settled > 0 && `, and rules would fix ${number(settled)}`}. {howFar(tried)} in {seconds(tookMs)}. Nothing
            was saved or written.
          </p>
          {patterns.map((one) => (
            <Pattern key={one.pattern} pattern={one} />
          ))}
          {notKnown > 0 && tried.notRead.length === 0 && (
            <p>
              For {plural(notKnown, 'record')} a value or an owner is not known yet, so there may be a few more cases.
            </p>
          )}
          <Tasks tasks={tried.tasks} />
        </>
      )}
      <NotRead notRead={tried.notRead} />
    </section>
  )
}

function howFar({ isEstimate, records: { decided, all } }: TriedView): string {
  return isEstimate
    ? `Estimated from ${number(decided)} of ${plural(all, 'record')}`
    : `Worked out on all ${plural(all, 'record')}`
}

function Pattern({ pattern: { label, cases, byClass, examples } }: { pattern: TriedView['patterns'][number] }) {
  return (
    <details>
      <summary>
        {label}: {plural(cases, 'case')} ({byClass.map((one) => `${number(one.cases)} ${one.class}`).join(', ')})
      </summary>
      <ul className="bullets">
        {examples.map(({ name, says, url, class: of }) => (
          <li key={`${name} ${says}`}>
            {url === null ? <strong>{name}</strong> : <OutLink href={url}>{name}</OutLink>} ({of}): {says}
          </li>
        ))}
      </ul>
      {examples.length < cases && <p className="quiet">{examples.length} examples.</p>}
    </details>
  )
}

const CIRCLES = { general: 'general reviewers', senior: 'senior reviewers', approved: 'the approved group' } as const

function Tasks({ tasks }: Pick<TriedView, 'tasks'>) {
  if (tasks.length === 0) return null
  return (
    <p>
      Who would get them:{' '}
      {tasks
        .map(({ circle, cases, names }) => {
          return `${CIRCLES[circle]} ${number(cases)} (${names.length === 0 ? 'nobody yet' : inWords(names)})`
        })
        .join('; ')}
      . In observe mode no task is written.
    </p>
  )
}

function NotRead({ notRead }: Pick<TriedView, 'notRead'>) {
  if (notRead.length === 0) return null
  return (
    <ul className="bullets">
      {notRead.map(({ connection, object, fields }) => (
        <li key={`${connection} ${object}`}>
          {fields.join(', ')} of {object} in {connection}: not read yet, so nothing is said about{' '}
          {fields.length === 1 ? 'it' : 'them'}. Lanekeeper reads {fields.length === 1 ? 'it' : 'them'} when the draft
          is approved.
        </li>
      ))}
    </ul>
  )
}

function seconds(ms: number): string {
  return ms < 950 ? 'less than a second' : `${(ms / 1_000).toFixed(1)} seconds`
}

function inWords(names: readonly string[]): string {
  return new Intl.ListFormat('en').format(names)
}
