import type { Lane } from '../authority/acts.ts'
import { LANE_WORDS } from '../authority/lane-words.ts'
import type { ReviewCircle } from '../classes/class.ts'

export type JobText = { readonly subject: string; readonly body: string; readonly lastLine: string }

export type WordedJob = {
  readonly lane: Lane
  readonly circle: ReviewCircle | null
  readonly deputy: boolean
}

const CIRCLE_WORDS: Readonly<Record<ReviewCircle, string>> = {
  general: 'everyday cases',
  senior: 'customer-facing and revenue cases',
  approved: 'cases that the approved group decides',
}

/** "deputy rollback owner", "reviewer (everyday cases)". */
export function jobTitle({ lane, circle, deputy }: WordedJob): string {
  const title = LANE_WORDS[lane].title.toLowerCase()
  const named = deputy ? `deputy ${title}` : title
  return circle === null ? named : `${named} (${CIRCLE_WORDS[circle]})`
}

type OfJob = WordedJob & {
  readonly workflowTitle: string
  /** By whom they are asked, in words. */
  readonly asker: string
  /** Where to answer. */
  readonly url: string
  readonly reminds: boolean
  /** Says which installation this is where that is not production. */
  readonly isSandbox: boolean
}

/** Somebody is asked to take a job. */
export function offerText(job: OfJob): JobText {
  const title = jobTitle(job)
  return {
    subject: `${job.reminds ? 'Reminder: ' : ''}Will you be ${title} of ${job.workflowTitle}?${sandboxTail(job)}`,
    body: [
      `${job.asker} asks you to be ${title} of the workflow "${job.workflowTitle}".`,
      `What you answer: ${LANE_WORDS[job.lane].question}`,
      'Until you accept, you have no part in it. Without an answer the job counts as vacant after 5 business days.',
    ].join('\n'),
    lastLine: `Completing this task decides nothing: accept or decline here: ${job.url}`,
  }
}

/** The other owners learn whom somebody named. It asks nothing of them, so it is a mail and no task. */
export function ownerText(
  job: WordedJob & {
    readonly workflowTitle: string
    readonly asker: string
    readonly asked: string
    readonly url: string
    readonly isSandbox: boolean
  },
): Pick<JobText, 'subject' | 'body'> {
  const title = jobTitle(job)
  return {
    subject: `${job.asker} asked ${job.asked} to be ${title} of ${job.workflowTitle}${sandboxTail(job)}`,
    body: [
      `${job.asker} named ${job.asked} for the job ${title} of the workflow "${job.workflowTitle}".`,
      `You get this because you hold a job of the same workflow. Nothing changes until ${job.asked} accepts.`,
      '',
      `All jobs of the workflow: ${job.url}`,
    ].join('\n'),
  }
}

/** Somebody is asked whether they still hold a job. */
export function confirmText(job: OfJob): JobText {
  const title = jobTitle(job)
  return {
    subject: `${job.reminds ? 'Reminder: ' : ''}Are you still ${title} of ${job.workflowTitle}?${sandboxTail(job)}`,
    body: [
      `You accepted to be ${title} of the workflow "${job.workflowTitle}" some time ago.`,
      `What you answer: ${LANE_WORDS[job.lane].question}`,
      'You keep the job while this waits. Without an answer it counts as vacant after 5 business days.',
    ].join('\n'),
    lastLine: `Completing this task decides nothing: confirm or give back here: ${job.url}`,
  }
}

/** Whoever can appoint is asked to name somebody. */
export function vacancyText(
  place: Pick<WordedJob, 'lane' | 'circle'> & {
    readonly workflowTitle: string
    /** What became of the last one: "Max Lindner declined." Null: nobody had it. */
    readonly why: string | null
    readonly url: string
    readonly isSandbox: boolean
  },
): JobText {
  const title = jobTitle({ ...place, deputy: false })
  return {
    subject: `${place.workflowTitle} has no ${title}${sandboxTail(place)}`,
    body: [
      ...(place.why === null ? [] : [place.why]),
      LANE_WORDS[place.lane].without,
      `What to do: name a person who can answer "${LANE_WORDS[place.lane].question}" The job is theirs when they accept.`,
    ].join('\n'),
    lastLine: `Completing this task decides nothing: name somebody here: ${place.url}`,
  }
}

function sandboxTail({ isSandbox }: { readonly isSandbox: boolean }): string {
  return isSandbox ? ' (sandbox)' : ''
}

/** Why the task of a job closed, for whoever reads it later. */
export function jobClosing(of: {
  readonly name: string
  readonly state: 'offered' | 'accepted' | 'ended'
  readonly endReason: string | null
}): string {
  if (of.state === 'accepted') return `Closed automatically: ${of.name} accepted.`
  switch (of.endReason) {
    case 'declined':
      return `Closed automatically: ${of.name} declined.`
    case 'given-back':
      return `Closed automatically: ${of.name} gave the job back.`
    case 'not-answered':
      return 'Closed automatically: there was no answer within 5 business days, so the job is vacant.'
    case 'not-confirmed':
      return 'Closed automatically: it was not confirmed within 5 business days, so the job is vacant.'
    case 'left':
      return `Closed automatically: ${of.name} is no longer an active user.`
    default:
      return 'Closed automatically: the question was withdrawn.'
  }
}

/** What became of the last one, for whoever names the next. */
export function lastHolder(
  name: string,
  { state, endReason }: { readonly state: 'offered' | 'accepted' | 'ended'; readonly endReason: string | null },
): string {
  if (state === 'accepted') return `${name} holds it and is not an active user any more.`
  switch (endReason) {
    case 'declined':
      return `${name} declined.`
    case 'given-back':
      return `${name} gave the job back.`
    case 'not-answered':
      return `${name} did not answer within 5 business days.`
    case 'not-confirmed':
      return `${name} did not confirm the job within 5 business days.`
    case 'left':
      return `${name} left.`
    default:
      return `${name} no longer holds it.`
  }
}
