/** Why nobody was signed in, and what to do. The console shows these where a provider sent the browser back. */
export const REFUSED = {
  unknown: 'Nobody here is known by this account or address. Ask an admin to invite you.',
  proposed:
    'You proved who you are, but this way to sign in is new here. An admin, or you where you are signed in already, has to confirm it on the Sessions page. Then sign in again.',
  conflict: 'Several people here have this e-mail address, so it says nothing about who you are. Ask an admin.',
  'refused-before': 'This way to sign in was refused before. Ask an admin.',
  'not-verified':
    'Your identity provider has not verified your e-mail address, so it is no proof the first time. Sign in another way, then add this account on the Sessions page.',
  ended: 'Your access has ended. Ask an admin if that is wrong.',
  'somebody-elses': 'This account or address belongs to somebody else here. Nothing was changed; ask an admin.',
  'not-from-here': 'A sign-in of the sandbox, or one that can only pause, cannot add a way to sign in.',
  'not-ours': 'This answer belongs to no sign-in that began here. Begin again.',
  used: 'This was used already. Begin again.',
  expired: 'This took longer than 10 minutes. Begin again.',
  'other-browser': 'This sign-in did not begin in this browser. Begin here, and finish here.',
  unreachable: 'The identity provider does not answer. Try again in a minute.',
  'bad-answer':
    'The identity provider answered with something that is not for Lanekeeper, is too old, or is not from it. Begin again; if it happens twice, tell an admin.',
  cancelled: 'The identity provider did not sign you in, or you cancelled. Begin again.',
  'signed-out': 'You were signed out meanwhile. Sign in, then add this way again.',
  'wrong-code': 'The code is wrong.',
  'too-often': 'Five wrong codes were entered. Ask for a new one.',
} as const
export type Refused = keyof typeof REFUSED
