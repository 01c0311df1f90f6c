import { PasswordInput, Textarea, TextInput, type TextInputProps } from '@mantine/core'
import { useState } from 'react'
import { problemOf } from '../parts/field-problems.ts'

export type Form<Name extends string> = {
  readonly values: Readonly<Record<Name, string>>
  readonly set: (name: Name, value: string) => void
}

export function useForm<Name extends string>(initial: Readonly<Record<Name, string>>): Form<Name> {
  const [values, setValues] = useState(initial)
  return { values, set: (name, value) => setValues((before) => ({ ...before, [name]: value })) }
}

type Props<Name extends string> = {
  form: Form<Name>
  name: Name
  /** The refusal of the whole form: its sentence about this field goes below the input. */
  error: unknown
  kind?: 'text' | 'secret' | 'area'
} & Pick<TextInputProps, 'label' | 'description' | 'placeholder' | 'inputMode'>

/** One input of a form, with the server's message about it. */
export function FormField<Name extends string>({ form, name, error, kind = 'text', ...texts }: Props<Name>) {
  const problem = problemOf(error, name)
  const shared = { ...texts, value: form.values[name], error: problem, autoComplete: 'off' }
  switch (kind) {
    case 'secret':
      return (
        <PasswordInput
          {...shared}
          aria-invalid={problem !== null}
          onChange={(event) => form.set(name, event.currentTarget.value)}
        />
      )
    case 'area':
      return (
        <Textarea
          {...shared}
          rows={5}
          spellCheck={false}
          onChange={(event) => form.set(name, event.currentTarget.value)}
        />
      )
    case 'text':
      return <TextInput {...shared} onChange={(event) => form.set(name, event.currentTarget.value)} />
  }
}
