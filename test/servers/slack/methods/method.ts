import type { Arguments } from '../arguments.ts';
import type { Platform } from '../platform.ts';
import type { Json } from '../refusal.ts';
import type { SlackTeam } from '../world.ts';

/** Calls a minute, by method, app and workspace; `post` is about one a second and channel; `special` has none. */
export type Tier = 'tier1' | 'tier2' | 'tier3' | 'tier4' | 'post' | 'special';

export interface MethodCall {
  readonly platform: Platform;
  readonly team: SlackTeam;
  readonly args: Arguments;
  /** Goes into `warning` and `response_metadata.warnings`. */
  readonly warnings: string[];
}

/** A method of the Web API that a bot's token may call. */
export interface Method {
  readonly tier: Tier;
  /** Any one of them is enough; empty for a method that needs none. */
  readonly scopes: readonly string[];
  run(call: MethodCall): Json | Promise<Json>;
}
