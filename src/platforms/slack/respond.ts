import type { MessageContent } from './blocks.ts';
import { callTimeoutMs } from './retry-policies.ts';

/**
 * Says something privately by the address that came with an interaction: it works also where the bot is no member.
 * False where the address is used up or too old.
 */
export async function respond(responseUrl: string, content: MessageContent, thread: string | null): Promise<boolean> {
  const response = await fetch(responseUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({
      response_type: 'ephemeral',
      replace_original: false,
      ...(thread === null ? {} : { thread_ts: thread }),
      ...content,
    }),
    redirect: 'error',
    signal: AbortSignal.timeout(callTimeoutMs),
  });
  await response.body?.cancel();
  return response.ok;
}
