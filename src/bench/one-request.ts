import type { Observer, Passages } from './observer.ts';
import type { PageVisitor } from './page-visitor.ts';

/** One request from the event to the pictures in the asker's hands, on one clock in milliseconds. */
export interface RequestTimes extends Passages {
  readonly asked: number;
  /** The bot has said that the job is taken. */
  readonly acknowledged: number;
  /** The page has all its pictures. */
  readonly posted: number;
}

/** Asks on the page, waits, and fetches the pictures as the page does. */
export async function timeRequest(
  page: PageVisitor,
  line: string,
  observer: Observer,
  clock: () => number,
): Promise<RequestTimes> {
  const asked = clock();
  const id = await page.ask(line);
  const acknowledged = clock();
  const job = await page.delivered(id);
  await page.fetchPictures(job);
  return { ...observer.passages(), asked, acknowledged, posted: clock() };
}

/** Everything but the engine's time. */
export function ownPartOf({ asked, begun, drawn, posted }: RequestTimes): number {
  return posted - asked - (drawn - begun);
}
