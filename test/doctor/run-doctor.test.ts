import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/doctor/finding.ts';
import { type Check, runDoctor } from '../../src/doctor/run-doctor.ts';
import { ConfigError, StoreError } from '../../src/errors.ts';

const good: Finding = { state: 'good', what: 'It answers.', advice: null };
const check = (part: string, run: () => Promise<readonly Finding[]>): Check => ({ part, run });

async function examine(...checks: readonly Check[]) {
  let text = '';
  const isFine = await runDoctor(checks, (part) => {
    text += part;
  });
  return { isFine, text };
}

describe('doctor', () => {
  it('says that everything is fine where it is', async () => {
    const { isFine, text } = await examine(check('Engine', async () => [good]));
    expect(isFine).toBe(true);
    expect(text).toBe('Engine\n  ✓ It answers.\n\nEverything is fine.\n');
  });

  it('tells what to do about a warning, which is no failure', async () => {
    const { isFine, text } = await examine(
      check('Disk', async () => [{ state: 'warning', what: 'It is nearly full.', advice: 'Free some space.' }]),
    );
    expect(isFine).toBe(true);
    expect(text).toContain('  ! It is nearly full.\n    Free some space.\n');
    expect(text).toContain('one thing is worth a look');
  });

  it('goes on after a check that throws, and counts all that is bad', async () => {
    const { isFine, text } = await examine(
      check('Database', async () => {
        throw new StoreError('database_unavailable', 'The database does not answer.');
      }),
      check('Triton', async () => {
        throw new ConfigError(['No server answers.', 'The certificate has expired.']);
      }),
      check('Engine', async () => [good]),
    );
    expect(isFine).toBe(false);
    expect(text).toContain('✗ The database does not answer.');
    expect(text).toContain('✗ The certificate has expired.');
    expect(text).toContain('✓ It answers.');
    expect(text).toContain('3 things need mending');
  });
});
