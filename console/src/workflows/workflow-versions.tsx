import { Paper, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Version } from '../changes/version-list.tsx'
import { ProblemNotice } from '../parts/notices.tsx'
import { versionsQuery } from '../server/api.ts'

/** What was in force of this workflow: who wrote and approved it, when, how, and what it changed in plain English. */
export function WorkflowVersions({ workflow }: { workflow: string }) {
  const { data, error } = useQuery(versionsQuery(workflow))
  if (error) return <ProblemNotice error={error} />
  if (!data || data.versions.length === 0) return null
  return (
    <Paper component="section" aria-labelledby="versions" className="not-printed">
      <h2 id="versions">Versions</h2>
      <Stack gap={0}>
        {data.versions.map((version) => (
          <Version key={version.seq} version={version} />
        ))}
      </Stack>
      <p>
        <Link to="/changes">Drafts and versions of everything</Link>
      </p>
    </Paper>
  )
}
