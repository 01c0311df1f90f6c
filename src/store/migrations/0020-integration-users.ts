/**
 * Users as whom programs sign in, who the members of a queue are, and which of the CRM's territories a user works, by name.
 * Null where the CRM does not say.
 */
export const STATEMENTS: readonly string[] = [
  `alter table crm_user add column integration boolean, add column members text[], add column territories text[]`,
]
