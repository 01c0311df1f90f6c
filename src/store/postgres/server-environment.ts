/**
 * None of our own environment: PG* variables of the user's shell would change what the server does. English messages,
 * because callers match them.
 */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }
}
