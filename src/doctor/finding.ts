/** One thing that `npm run doctor` has looked at. */
export interface Finding {
  readonly state: 'good' | 'warning' | 'bad';
  /** What was found, in one sentence. */
  readonly what: string;
  /** What to do about it; null where there is nothing to do. */
  readonly advice: string | null;
}
