/** The currency that the CRM account itself works in, in which its amounts are that name none. */
export const STATEMENTS: readonly string[] = ['alter table connection add column home_currency text']
