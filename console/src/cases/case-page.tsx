import { Grid, Group, Loader, Paper, Stack, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { CaseReply, Fact } from '../../../src/api/cases/case-types.ts'
import { crmName } from '../connect/crms.ts'
import { number, plural } from '../parts/format.ts'
import { ProblemNotice } from '../parts/notices.tsx'
import { OutLink } from '../parts/out-link.tsx'
import { caseQuery } from '../server/api.ts'
import { CaseAnswers } from './case-answers.tsx'
import { CaseHistory } from './case-history.tsx'
import { CaseList } from './case-list.tsx'
import { ClassBadge, Owner, PostureMark } from './case-marks.tsx'
import { CaseTask } from './case-task.tsx'
import { FactTable } from './fact-table.tsx'
import { HeldRecords } from './held-records.tsx'
import { Receipt } from './receipt.tsx'

/** One case: what happened, why, who owns it, what to do; then everything that proves it. */
export function CasePage() {
  const { id } = useParams({ from: '/cases/$id' })
  const { data, error, refetch } = useQuery(caseQuery(id))
  if (!data) {
    return error ? (
      <ProblemNotice error={error} onRetry={() => void refetch()} />
    ) : (
      <Loader className="boot" aria-label="Loading the case" />
    )
  }
  return (
    <article>
      <Head found={data} />
      {error && <ProblemNotice error={error} />}
      <Grid gap="sm" mb="lg">
        <Grid.Col span={{ base: 12, lg: 8.5 }}>
          <Stack gap="sm">
            <CaseAnswers found={data} />
            <Evidence facts={data.evidence} />
            {data.receipt && <Receipt receipt={data.receipt} />}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 3.5 }}>
          <aside aria-label="Task and history">
            <Stack gap="sm">
              <CaseTask found={data} />
              <HeldRecords found={data} />
              <Involved found={data} />
              <CaseHistory found={data} />
            </Stack>
          </aside>
        </Grid.Col>
      </Grid>
      <SameTask found={data} />
    </article>
  )
}

function Head({ found }: { found: CaseReply }) {
  const crm = crmName(found.connection.crm)
  return (
    <>
      <p className="crumbs">
        <Link to="/cases">Cases</Link> / <span>{`No. ${found.id}`}</span>
      </p>
      <Group gap="8px 22px" mb={10}>
        <ClassBadge name={found.class} size="xl" />
        <Owner person={found.owner} />
        <PostureMark name={found.posture} />
      </Group>
      <h1 className="flush">{found.title}</h1>
      <Group gap="4px 18px" mt={4} mb="md" c="dimmed">
        <span>{found.patternTitle}</span>
        <Link to="/workflows">{found.workflowTitle}</Link>
        <span>{found.connection.title}</span>
        <OutLink href={found.recordUrl}>Open in {crm}</OutLink>
        {found.task && <OutLink href={found.task.url}>Open the task</OutLink>}
      </Group>
    </>
  )
}

function Evidence({ facts }: { facts: readonly Fact[] }) {
  if (facts.length === 0) return null
  return (
    <Paper component="section" aria-labelledby="evidence">
      <Title order={2} id="evidence" mb={4}>
        Evidence
      </Title>
      <FactTable facts={facts} />
    </Paper>
  )
}

function Involved({ found }: { found: CaseReply }) {
  if (found.involves.length === 0) return null
  return (
    <Paper component="section" aria-labelledby="involved">
      <Title order={2} id="involved" mb={10}>
        Other records
      </Title>
      <ul>
        {found.involves.map(({ connectionTitle, objectType, recordId, title, url }) => (
          <li key={`${objectType}/${recordId}`}>
            {url ? <OutLink href={url}>{title}</OutLink> : title} <span className="quiet">{connectionTitle}</span>
          </li>
        ))}
      </ul>
    </Paper>
  )
}

function SameTask({ found }: { found: CaseReply }) {
  if (found.sameTask.length === 0) return null
  return (
    <section aria-labelledby="same-task">
      <Title order={2} id="same-task" mb={10}>
        {plural(found.sameTask.length + found.sameTaskMore, 'other case')} on the same task
      </Title>
      <CaseList cases={found.sameTask} label="Cases on the same task" />
      {found.sameTaskMore > 0 && found.task && (
        <p>
          <Link to="/cases" search={{ task: found.task.id }}>
            All {number(found.sameTask.length + found.sameTaskMore + (found.status === 'open' ? 1 : 0))} open cases of
            this task
          </Link>
        </p>
      )}
    </section>
  )
}
