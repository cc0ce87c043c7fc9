import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JobId } from '../../src/jobs/job.ts';
import { type ButtonCommand, createButtonIds, isButtonCommand, isForOwnerOnly } from '../../src/platforms/button-id.ts';

const ids = createButtonIds(Buffer.from('a secret'));
const commands: readonly ButtonCommand[] = ['vary', 'enlarge', 'again', 'edit', 'details', 'delete', 'cancel'];
const anyButton = fc.record({
  command: fc.constantFrom(...commands),
  job: fc.uuid().map((id) => id as JobId),
  picture: fc.option(fc.integer({ min: 1, max: 4 })),
  owner: fc.option(fc.string({ minLength: 1, maxLength: 40 })),
});

describe('button ids', () => {
  it('come back as they were signed, by another process too, within 100 characters', () => {
    fc.assert(
      fc.property(anyButton, (button) => {
        const id = ids.sign(button);
        expect(id.length).toBeLessThanOrEqual(100);
        const { mayPress, ...read } = createButtonIds(Buffer.from('a secret')).read(id) ?? { mayPress: () => false };
        expect(read).toEqual({ command: button.command, job: button.job, picture: button.picture });
        expect(mayPress(button.owner ?? 'anybody')).toBe(true);
      }),
    );
  });

  it('are refused when a single character was changed, or another secret signed them', () => {
    fc.assert(
      fc.property(anyButton, fc.nat(), fc.constantFrom('a', 'Z', '0', '-', '_', '.'), (button, at, character) => {
        const id = ids.sign(button);
        const place = at % id.length;
        const forged = `${id.slice(0, place)}${character}${id.slice(place + 1)}`;
        // The last character of base64 carries spare bits: another spelling of the same signature is no forgery.
        fc.pre(forged !== id && place !== id.length - 1);
        expect(ids.read(forged)).toBeNull();
        expect(createButtonIds(Buffer.from('another')).read(id)).toBeNull();
      }),
    );
  });

  it('are refused when they are no ids at all', () => {
    fc.assert(fc.property(fc.string(), (text) => ids.read(text) === null));
    for (const text of ['', 'q1', 'q1.v1.', 'q2.v1.aaaaaaaaaaaaaaaaaaaaaa..aaaaaaaaaaaaaaaaaaaaaa'])
      expect(ids.read(text)).toBeNull();
  });

  it('let only the owner press, where there is one', () => {
    const job = '0190a3c4-0000-7000-8000-000000000001' as JobId;
    const button = ids.read(ids.sign({ command: 'delete', job, picture: null, owner: 'ada' }));
    expect(button?.mayPress('ada')).toBe(true);
    expect(button?.mayPress('grace')).toBe(false);
    expect(ids.sign({ command: 'delete', job, picture: null, owner: 'ada' })).not.toContain('ada');
  });

  it('end or remove a job for its owner only', () => {
    expect(commands.filter(isForOwnerOnly)).toEqual(['delete', 'cancel']);
  });

  it('exist for commands that stand under results', () => {
    expect(commands.every(isButtonCommand)).toBe(true);
    expect(isButtonCommand('imagine')).toBe(false);
    expect(isButtonCommand('toString')).toBe(false);
  });
});
