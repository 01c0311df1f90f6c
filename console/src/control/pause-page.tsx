import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Notice, ProblemNotice } from '../parts/notices.tsx'
import { send } from '../server/api.ts'

/** For whoever may pause: this browser keeps a page for weeks that can stop and do nothing else. */
export function PausePage() {
  const keep = useMutation({ mutationFn: () => send('/api/session/pause-page') })
  return (
    <section aria-label="On this phone" className="pause-page">
      <Notice title="Keep pausing at hand on this device">
        <p>
          When your session ends, this page stays open for 30 days. It can pause and ask for a pause, and nothing else.
        </p>
        {keep.isSuccess ? (
          <p role="status">Kept. Add this page to your home screen.</p>
        ) : (
          <Button
            className="control-act"
            size="md"
            mt="xs"
            variant="default"
            loading={keep.isPending}
            onClick={() => keep.mutate()}
          >
            Keep it for 30 days
          </Button>
        )}
        {keep.error && <ProblemNotice error={keep.error} />}
      </Notice>
    </section>
  )
}
