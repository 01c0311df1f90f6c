/** A document can leave: the examples of the sandbox do, where a CRM of one's own is connected afterwards. */
export const STATEMENTS: readonly string[] = [
  `alter table publication drop constraint publication_how_check`,
  // ended: nothing of the document is in force from this number on, and its content is null
  `alter table publication add constraint publication_how_check
    check (how in ('seeded', 'before-publishing', 'published', 'narrowed', 'way-back', 'ended'))`,
]
