/** What the platform does to a call instead of answering it. */
export type Trouble =
  | { readonly kind: 'ratelimited'; readonly retryAfterSeconds: number }
  /** An answer `{ok: false, error}`. */
  | { readonly kind: 'error'; readonly error: string }
  | { readonly kind: 'status'; readonly status: 500 | 502 | 503 | 504 }
  /** It never answers. */
  | { readonly kind: 'silence' }
  /** It hangs up. */
  | { readonly kind: 'hang_up' };

export interface Forecast {
  /** A method's name, `upload`, `download`, `response_url`, or `*` for whatever comes. */
  readonly of: string;
  readonly trouble: Trouble;
  /** @default 1 */
  readonly times?: number;
  /** Do what was asked and then answer badly. @default false */
  readonly afterWork?: boolean;
}

/** How the server misbehaves: it does what it was told to, as often as it was told, and then is well again. */
export interface Weather {
  expect(forecast: Forecast): void;
  /** The trouble that this call meets; it is used up. */
  meet(call: string): { readonly trouble: Trouble; readonly afterWork: boolean } | null;
  /** Uploads after this are accepted and never shared. */
  neverShare: boolean;
  /** Every event after this comes this often. @default 1 */
  copiesOfEvents: number;
  /** Whether those copies carry event ids of their own (as they do, now and then) or the same one. */
  copiesHaveOwnIds: boolean;
  clear(): void;
}

export function createWeather(): Weather {
  const forecasts: { forecast: Forecast; left: number }[] = [];
  return {
    expect: (forecast) => void forecasts.push({ forecast, left: forecast.times ?? 1 }),
    meet(call) {
      const next = forecasts.find(({ forecast, left }) => (forecast.of === call || forecast.of === '*') && left > 0);
      if (next === undefined) return null;
      next.left -= 1;
      return { trouble: next.forecast.trouble, afterWork: next.forecast.afterWork ?? false };
    },
    neverShare: false,
    copiesOfEvents: 1,
    copiesHaveOwnIds: true,
    clear() {
      forecasts.length = 0;
      Object.assign(this, { neverShare: false, copiesOfEvents: 1, copiesHaveOwnIds: true });
    },
  };
}
