import { createWording } from '../wording.ts';

/** How English writes numbers, lists and spans of time. */
export const { number, seconds, duration, allOf, list } = createWording('en', 'less than a second');

export const pictures = (count: number) => (count === 1 ? '1 picture' : `${number(count)} pictures`);
export const jobs = (count: number) => (count === 1 ? '1 job' : `${number(count)} jobs`);
export const steps = (count: number) => (count === 1 ? '1 step' : `${number(count)} steps`);

export function timeLeft(left: number): string {
  return left < 1 ? `${duration(left)} left` : `about ${duration(left)} left`;
}
