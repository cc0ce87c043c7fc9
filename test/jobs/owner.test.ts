import { describe, expect, it } from 'vitest';
import { ownerOf, quotaKeyOf } from '../../src/jobs/owner.ts';
import { sampleRequester } from './sample-jobs.ts';

const discord = (workspace: string | null) => sampleRequester('42', { platform: 'discord', workspace });
const slack = (workspace: string | null) => sampleRequester('42', { platform: 'slack', workspace });

describe('owner', () => {
  it('is one person in all servers of Discord', () => {
    expect(ownerOf(discord('server-1'))).toBe(ownerOf(discord(null)));
  });

  it('is another person in each workspace of Slack, and on each platform', () => {
    const owners = [slack('one'), slack('two'), slack(null), discord('one')].map(ownerOf);
    expect(new Set(owners).size).toBe(4);
  });

  it('cannot be another person’s by a clever id', () => {
    const tricky = sampleRequester('b', { platform: 'slack', workspace: 'a/b' });
    expect(ownerOf(tricky)).not.toBe(ownerOf(sampleRequester('b/b', { platform: 'slack', workspace: 'a' })));
  });

  it('stands as a hash where its quota is counted', () => {
    expect(quotaKeyOf(ownerOf(discord(null)))).toMatch(/^[0-9a-f]{64}$/);
  });
});
