import { createHash } from 'node:crypto';
import type { Requester } from './job.ts';

declare const brand: unique symbol;
/** One person, for turns, quotas and ownership. */
export type Owner = string & { readonly [brand]: 'Owner' };

/**
 * Slack's user ids are unique within a workspace only; elsewhere the workspace stays out, so that a member of ten
 * servers has one turn, not ten.
 */
export function ownerOf(requester: Pick<Requester, 'platform' | 'workspace' | 'userId'>): Owner {
  const parts =
    requester.platform === 'slack'
      ? [requester.platform, requester.workspace ?? '', requester.userId]
      : [requester.platform, requester.userId];
  return parts.map(encodeURIComponent).join('/') as Owner; // the only place that makes an Owner
}

/** Under which the day's quota is counted: outlives "forget me" by a day at most, without naming the person. */
export function quotaKeyOf(owner: Owner): string {
  return createHash('sha256').update(owner).digest('hex');
}
