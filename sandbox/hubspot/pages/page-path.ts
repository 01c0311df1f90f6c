/** The object and record that a page's path names. */
export type PagePath = { readonly type: string; readonly id: string | null }

/**
 * HubSpot's own addresses (`/contacts/4471001/record/0-1/512`, `/tasks/4471001/view/all/task/9001`), as every link in a
 * real product is built, and the short ones of these pages (`/contacts/512`, `/contacts`).
 */
export function parsePagePath(pathname: string): PagePath {
  const record = /^\/contacts\/\d+\/record\/([^/]+)\/(\d+)\/?$/.exec(pathname)
  if (record) return { type: record[1]!, id: record[2]! }
  const task = /^\/tasks\/\d+\/view\/all\/task\/(\d+)\/?$/.exec(pathname)
  if (task) return { type: 'tasks', id: task[1]! }
  const [type = '', id] = pathname.split('/').slice(1)
  return { type, id: id ?? null }
}
