import type { ApiReply } from './api-request.ts'
import type { Sandbox } from './http-front.ts'

export function pageRoute(_sandbox: Sandbox, _method: string, _url: URL, _raw: Buffer): ApiReply {
  return { status: 404, html: '<!doctype html><title>Not found</title>' }
}
