import { createWording } from '../wording.ts';

/** How Korean writes numbers, lists and spans of time. */
export const { number, seconds, duration, allOf, list } = createWording('ko', '1초 미만');

export function timeLeft(left: number): string {
  return left < 1 ? `${duration(left)} 남음` : `약 ${duration(left)} 남음`;
}
