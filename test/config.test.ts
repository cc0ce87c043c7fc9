import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseConfig, settings } from '../src/config.ts';
import { ConfigError } from '../src/errors.ts';

const root = join(import.meta.dirname, '..');

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    parseConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

describe('settings', () => {
  test('an empty environment gives the defaults', () => {
    const config = parseConfig({});
    expect(config.HTTP_PORT).toBe(3_000);
    expect(config.DATABASE_URL).toBeNull();
    expect(config.ALLOWED_HOSTS).toEqual([]);
  });

  test('an empty value counts as unset', () => {
    expect(parseConfig({ HTTP_PORT: ' ' }).HTTP_PORT).toBe(3_000);
  });

  test('values are parsed to their types', () => {
    const config = parseConfig({ HTTP_PORT: '0', PLAYGROUND: 'false', ALLOWED_HOSTS: 'draw.example, a,' });
    expect(config).toMatchObject({ HTTP_PORT: 0, PLAYGROUND: false, ALLOWED_HOSTS: ['draw.example', 'a'] });
  });

  test('every problem is listed at once, with what was expected and what came', () => {
    const problems = problemsOf({
      HTTP_PORT: '70000',
      MAX_QUEUE: 'many',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://x',
    });
    expect(problems).toEqual([
      'DATABASE_URL: expected an address that starts with postgres://, got "mysql://x".',
      'HTTP_PORT: expected a whole number from 0 to 65535, got "70000".',
      'MAX_QUEUE: expected a whole number from 1 to 100000, got "many".',
      'LOG_LEVEL: expected one of fatal, error, warn, info, debug, trace, silent, got "loud".',
    ]);
  });

  test('settings that contradict each other are problems too', () => {
    const signing = { SLACK_SIGNING_SECRET: 'signing-secret' };
    const bot = { SLACK_BOT_TOKEN: 'xoxb-1' };
    const app = { SLACK_APP_TOKEN: 'xapp-1' };
    const install = { SLACK_CLIENT_ID: '1.2', SLACK_CLIENT_SECRET: 'client-secret' };
    for (const right of [{}, { ...bot, ...app }, { ...bot, ...signing }, { ...signing, ...install }]) {
      expect(problemsOf(right)).toEqual([]);
    }
    for (const wrong of [bot, app, signing, { SLACK_CLIENT_ID: '1.2' }, install, { ...bot, ...app, ...install }]) {
      expect(problemsOf(wrong).join()).toMatch(/^SLACK_\w+.*: expected .* got /);
    }
  });

  test('no part of a wrong secret is repeated', () => {
    const problems = problemsOf({
      DISCORD_TOKEN: 'my secret',
      SLACK_BOT_TOKEN: 'xoxp-secret',
      BUTTON_SECRET: 'secret',
    });
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toMatch(/secret,|xoxp|my s/);
    expect(problems[0]).toBe('DISCORD_TOKEN: expected the token of a bot, without spaces, got something else.');
  });

  test('a long wrong value is not repeated whole: it may be a secret', () => {
    expect(problemsOf({ DATABASE_URL: 'mysql://user:password-of-production@host/db' }).join()).not.toContain(
      'password',
    );
  });
});

describe('documents', () => {
  test('.env.example lists every setting', async () => {
    const text = Object.entries(settings)
      .map(([name, setting]) => `# ${setting.about}\n#${name}=${shown(setting.default)}\n`)
      .join('\n');
    await expect(
      `# Every setting of Quartet. Copy this file to .env and change what you need.\n\n${text}`,
    ).toMatchFileSnapshot(join(root, '.env.example'));
  });

  test("README's table has a row for every setting", () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const missing = Object.entries(settings)
      .map(([name, setting]) => `| \`${name}\` | ${shown(setting.default) || 'unset'} | ${setting.about} |`)
      .filter((row) => !readme.includes(row));
    expect(missing).toEqual([]);
  });
});

function shown(value: string | number | boolean | readonly string[] | null): string {
  return value === null ? '' : value.toString();
}
