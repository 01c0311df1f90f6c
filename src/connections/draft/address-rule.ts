import { isLoopback } from '../../crm/allowed-hosts.ts'

/**
 * Which addresses an admin may give credentials to, besides the vendors' own: hosts that whoever runs this machine has
 * named, and this machine itself, for the sandbox and for trying things out, as long as nobody reaches us from outside.
 * An address of an intranet without TLS is outside: others than whoever sits at this machine sign in there.
 */
export function crmAddressRule({
  publicUrl,
  crmHosts,
}: {
  readonly publicUrl: string
  readonly crmHosts: readonly string[]
}): {
  readonly allowsLoopback: boolean
  readonly extraHosts: readonly string[]
} {
  return { allowsLoopback: isLoopback(new URL(publicUrl).hostname), extraHosts: crmHosts }
}
