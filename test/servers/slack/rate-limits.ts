import type { Clock } from './clock.ts';
import type { Tier } from './methods/method.ts';

const callsPerMinute = { tier1: 1, tier2: 20, tier3: 50, tier4: 100 } as const;
/** One a second; the platform lets short bursts pass without saying how short. */
const burstOfPosts = 4;

export interface RateLimits {
  /** Null when the call may pass, else the seconds of Retry-After. */
  take(team: string, method: string, tier: Tier, channel: string | null): number | null;
}

/** @param pace how many times faster than the platform's own the minutes pass */
export function createRateLimits(clock: Clock, pace: number): RateLimits {
  const minuteMs = 60_000 / pace;
  const windows = new Map<string, number[]>();

  const within = (bucket: string, limit: number, windowMs: number): number | null => {
    const now = clock.now();
    const calls = (windows.get(bucket) ?? []).filter((at) => at > now - windowMs);
    windows.set(bucket, calls);
    const oldest = calls.at(-limit);
    if (oldest !== undefined) return Math.max(1, Math.ceil((oldest + windowMs - now) / 1000));
    calls.push(now);
    return null;
  };

  return {
    take(team, method, tier, channel) {
      if (tier === 'special') return null;
      if (tier !== 'post') return within(`${team} ${method}`, callsPerMinute[tier], minuteMs);
      return within(`${team} ${method} ${channel ?? ''}`, burstOfPosts, (burstOfPosts * minuteMs) / 60);
    },
  };
}
