/** What the users of a connection are called by as identities, said once: whoever joins the two uses this. */
export const STATEMENTS: readonly string[] = [
  `alter table connection
    add column identity_issuer text not null generated always as (crm || ':' || account_id) stored`,
]
