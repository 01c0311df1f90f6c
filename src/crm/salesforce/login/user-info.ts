import { z } from 'zod'
import { type BeforeBytes, exchange, jsonObject, NoAnswerError } from '../../http-exchange.ts'

export type UserInfo = z.output<typeof UserInfoAnswer>

const Word = z
  .string()
  .min(1)
  .transform((text) => text.slice(0, 320))
  .nullable()
  .catch(null)
const UserInfoAnswer = z
  .object({ preferred_username: Word, email: Word, name: Word })
  .transform(({ preferred_username, ...rest }) => ({ username: preferred_username, ...rest }))

/** Null where the session may not ask, or nothing usable came. The token travels in the header: jsforce's `identity()` puts it into the URL. */
export async function readUserInfo(
  session: { readonly instanceUrl: string; readonly accessToken: string },
  options: { readonly deadlineMs: number; readonly beforeBytes: BeforeBytes },
): Promise<UserInfo | null> {
  try {
    const headers = { authorization: `Bearer ${session.accessToken}`, accept: 'application/json' }
    const url = `${session.instanceUrl}/services/oauth2/userinfo`
    const { status, text } = await exchange({ method: 'GET', url, headers }, options)
    return status === 200 ? (UserInfoAnswer.safeParse(jsonObject(text)).data ?? null) : null
  } catch (error) {
    if (error instanceof NoAnswerError) return null
    throw error
  }
}
