import type { z } from 'zod'
import type { AccessNeeds } from './crm-setup.ts'
import type { CrmAddress, Grant } from './grant.ts'

/** How an admin connects this CRM, in the console and in the terminal. */
export type ConnectForm = {
  /** What the console sends, one schema per kind of grant, told apart by `kind`; each reads to what was entered. */
  readonly requests: readonly z.ZodType<EnteredConnection>[]
  /** What the console's form has to know first. */
  options(given: FormOptions): Readonly<Record<string, unknown>>
  readonly terminal: TerminalForm
}

/** A connection as entered, before anything was asked of the CRM. */
export type EnteredConnection = {
  readonly grant: Grant
  readonly address: CrmAddress
  readonly webhookUrl: string | null
  /** The connection that is to be connected again; null for a new one. */
  readonly connectionId: string | null
}

export type FormOptions = {
  /** Where a login of this CRM comes back to. */
  readonly redirectUri: string
  /** Where this CRM is told to call us. */
  readonly webhookUrl: string
  /** How late a polled change is seen at most. */
  readonly pollSeconds: number
  readonly needs: AccessNeeds
}

export type TerminalForm = {
  /** Kinds of grant by the names of the terminal. The first is the usual one. */
  readonly kinds: readonly [string, ...string[]]
  /** Those that log in with a browser, so they go on in the console. */
  readonly kindsInBrowser: readonly string[]
  /** Options besides those of every CRM, each with its line of help: `app-id N`. */
  readonly options: Readonly<Record<string, { readonly value: string; readonly help: string }>>
  ask(terminal: Terminal): Promise<Omit<EnteredConnection, 'connectionId'>>
}

/** What a form may ask at the terminal. Without a person there, an answer that is missing is a `UsageError`. */
export type Terminal = {
  readonly kind: string
  /** An option of the command line, by its name. */
  option(name: string): string | undefined
  /** The option, or what a person answers. */
  answer(question: string, option: string): Promise<string>
  /** The same, and empty where nobody is there to ask. */
  optionalAnswer(question: string, option: string): Promise<string>
  /** A secret of the file of secrets, or what a person answers without showing it. */
  secret(question: string, name: 'token' | 'clientSecret'): Promise<string>
  readFile(path: string): Promise<string>
  say(line: string): void
  /** The API version that the settings name for this CRM; null: none. */
  readonly apiVersion: string | null
  /** Where this CRM can reach us from outside; null: nowhere. */
  readonly webhookUrl: string | null
}
