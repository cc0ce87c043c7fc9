import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { APIAttachment } from 'discord.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePng } from '../../../src/images/png.ts';
import type { JobId } from '../../../src/jobs/job.ts';
import { readAttachment } from '../../../src/platforms/discord/attachment.ts';
import { discordLimits } from '../../../src/platforms/discord/limits.ts';
import { jobNonce, snowflakeAt, timeOf } from '../../../src/platforms/discord/message-ids.ts';
import { answerToken, readPlace, writeMessageReference } from '../../../src/platforms/discord/place.ts';
import { escapeMarkdown, splitText } from '../../../src/platforms/discord/text.ts';
import { fitUploads } from '../../../src/platforms/discord/upload-sizes.ts';

const never = new AbortController().signal;

describe('text', () => {
  test('is split into parts that fit, at line ends where there are any, and nothing is lost', () => {
    expect(splitText('one\ntwo\nthree', 8)).toEqual(['one\ntwo', 'three']);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 4, max: 40 }), (text, length) => {
        const parts = splitText(text, length);
        expect(parts.every((part) => part.length <= length)).toBe(true);
        expect(parts.every((part) => part.isWellFormed())).toBe(text.isWellFormed());
        expect(parts.join('').replaceAll(/[\n ]/g, '')).toBe(text.replaceAll(/[\n ]/g, ''));
      }),
    );
  });

  test('that somebody typed breaks out of no markup', () => {
    expect(escapeMarkdown('**a** `b` [c](https://d) <@1> @here ||e||\n# f')).toBe(
      '\\*\\*a\\*\\* \\`b\\` \\[c\\]\\(https\\://d\\) \\<@\u200b1\\> @\u200bhere \\|\\|e\\|\\| \\# f',
    );
  });
});

describe('a message reference', () => {
  const replyTo = { platform: 'discord', workspace: '1', channel: '2', thread: null, ageRestricted: false } as const;

  test('is the plain id, or says how else to get there while that lasts', () => {
    const answer = answerToken('a;token', 5_000, 1_000);
    const message = writeMessageReference({ message: '3', isVisible: false, answer });
    expect(readPlace({ ...replyTo, message }, 2_000)).toMatchObject({ message: '3', isVisible: false, answer });
    expect(readPlace({ ...replyTo, message }, answer.expiresAt).answer).toBeNull();
    expect(writeMessageReference({ message: '3', isVisible: true, answer: null })).toBe('3');
    expect(readPlace({ ...replyTo, message: null }, 0)).toMatchObject({ message: null, answer: null, isVisible: true });
  });
});

describe('ids', () => {
  test('a nonce fits, and is another one for each purpose', () => {
    const id = randomUUID() as JobId;
    const nonces = (['progress', 'ending', 'direct'] as const).map((purpose) => jobNonce(id, purpose));
    expect(new Set(nonces).size).toBe(3);
    expect(nonces.every(({ length }) => length <= discordLimits.maxNonceLength)).toBe(true);
  });

  test('a moment becomes an id and back', () => {
    expect(timeOf(snowflakeAt(1_700_000_000_000))).toBe(1_700_000_000_000);
    expect(snowflakeAt(0)).toBe('0');
  });
});

describe('uploads', () => {
  const noise = async (edge: number) =>
    encodePng({ width: edge, height: edge, data: new Uint8Array(randomBytes(edge * edge * 3)) });

  test('stay PNG where they fit, and only the one that does not is encoded anew', async () => {
    const [small, large] = [await noise(32), await noise(256)];
    const files = await fitUploads(
      [
        { name: 'small', png: small, altText: 'a', isVeiled: false },
        { name: 'large', png: large, altText: 'b', isVeiled: false },
      ],
      60_000,
    );
    expect(files.map(({ name }) => name)).toEqual(['small.png', 'large.jpg']);
    expect(files.every(({ data }) => data.byteLength <= 60_000)).toBe(true);
  });

  test('become lossless WebP first', async () => {
    const flat = await encodePng({ width: 256, height: 256, data: new Uint8Array(256 * 256 * 3).fill(7) });
    const [file] = await fitUploads([{ name: 'flat', png: flat, altText: '', isVeiled: false }], flat.byteLength - 1);
    expect(file?.name).toBe('flat.webp');
  });

  test('together stay below what one request may weigh', async () => {
    const png = await noise(128);
    const uploads = [0, 1, 2, 3].map((index) => ({ name: `${index}`, png, altText: '', isVeiled: false }));
    const files = await fitUploads(uploads, 100_000, 120_000);
    expect(files.reduce((sum, { data }) => sum + data.byteLength, 0)).toBeLessThanOrEqual(120_000);
  });
});

describe('attached pictures', () => {
  const attachment = (url: string) => ({ id: '1', filename: 'a.png', size: 3, url, proxy_url: url }) as APIAttachment;

  async function serve(answer: (path: string) => { status: number; headers?: Record<string, string>; body?: string }) {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const { status, headers = {}, body = '' } = answer(request.url ?? '');
      response.writeHead(status, headers).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { url, asked, close: () => new Promise((resolve) => server.close(resolve)) };
  }

  test('are fetched from the CDN, up to a bound', async () => {
    const cdn = await serve(() => ({ status: 200, body: 'abc' }));
    const file = readAttachment(attachment(`${cdn.url}/a.png`), cdn.url);
    expect(Buffer.from(await file.fetch({ maxBytes: 3, signal: never })).toString()).toBe('abc');
    await expect(file.fetch({ maxBytes: 2, signal: never })).rejects.toThrow('at most 2 bytes');
    await cdn.close();
  });

  test.each([
    'http://169.254.169.254/latest',
    'https://cdn.discordapp.com.evil.example/a.png',
    'https://user@cdn.discordapp.com/a.png',
    'http://cdn.discordapp.com/a.png',
    'https://cdn.discordapp.com:8443/a.png',
    'file:///etc/passwd',
    'nonsense',
  ])('are not fetched from %s', async (url) => {
    const file = readAttachment(attachment(url), 'https://cdn.discordapp.com');
    await expect(file.fetch({ maxBytes: 3, signal: never })).rejects.toThrow('Expected a picture that Discord keeps');
  });

  test('are not fetched from where a redirect leads', async () => {
    const cdn = await serve((path) =>
      path === '/a.png' ? { status: 302, headers: { location: '/secret' } } : { status: 200, body: 'secret' },
    );
    const file = readAttachment(attachment(`${cdn.url}/a.png`), cdn.url);
    await expect(file.fetch({ maxBytes: 100, signal: never })).rejects.toThrow();
    expect(cdn.asked).toEqual(['/a.png']);
    await cdn.close();
  });
});
