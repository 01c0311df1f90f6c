import type { Settings } from './settings.ts'

/**
 * Which addresses an admin may give credentials to, besides the vendors' own: hosts that whoever runs this machine has
 * named, and this machine itself, for the sandbox and for trying things out, as long as nobody reaches us from outside.
 */
export function crmAddressRule({ publicUrl, crmHosts }: Pick<Settings, 'publicUrl' | 'crmHosts'>): {
  readonly allowsLoopback: boolean
  readonly extraHosts: readonly string[]
} {
  return { allowsLoopback: new URL(publicUrl).protocol === 'http:', extraHosts: crmHosts }
}
