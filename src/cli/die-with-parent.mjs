/**
 * Loaded before a child of `npm start`. The parent holds the child's standard input; when the parent ends, even by
 * kill -9, that input ends, and so must the child: it would keep the port and its claims on work. The children listen
 * for this themselves once they are up; this covers the time before, and a stop that hangs.
 */
const GRACE_MS = 4_000

function parentIsGone() {
  if (process.listenerCount('SIGTERM') === 0) process.exit(1)
  setTimeout(() => process.exit(1), GRACE_MS).unref()
}

process.stdin.once('end', parentIsGone)
process.stdin.once('error', parentIsGone)
process.stdin.resume()
// Listening must not keep a child alive that has nothing left to do.
process.stdin.unref?.()
