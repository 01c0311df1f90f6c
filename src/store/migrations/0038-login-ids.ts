/** What a CRM calls a person where it says who changed something, if that is another id than the one that owner fields hold. */
export const STATEMENTS: readonly string[] = [
  `alter table crm_user add column login_id text`,
  `create index crm_user_login on crm_user (connection_id, login_id) where login_id is not null`,
]
