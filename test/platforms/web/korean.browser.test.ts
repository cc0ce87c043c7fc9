import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { korean } from '../../../src/messages/ko.ts';
import { createInstantEngine } from '../../engines/instant-engine.ts';
import { createMemoryJobStore } from '../../store/memory-job-store.ts';
import { chromiumArguments, findChromium } from './find-chromium.ts';
import { openPlayground, type Playground } from './open-playground.ts';

const executablePath = findChromium();
const why = executablePath === null ? ' (skipped: no Chromium found; set CHROMIUM_PATH)' : '';

/** Elements whose text is cut off at their own edge. */
const cutOff = `Array.from(document.querySelectorAll('button, a, p, h1, h2, dt, dd, span, strong, label, summary'))
  .filter((node) => node.checkVisibility() && !node.closest('.unseen, .skip') && node.clientWidth > 0)
  .filter((node) => node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).overflowX !== 'visible')
  .map((node) => node.outerHTML)`;

describe.skipIf(executablePath === null)(`the playground in Korean${why}`, () => {
  let browser: Browser;
  let folder: string;
  let playground: Playground;
  const engine = createInstantEngine();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quartet-korean-'));
    playground = await openPlayground({ engine, store: createMemoryJobStore(), folder });
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: chromiumArguments });
  });

  afterAll(async () => {
    await browser?.close();
    await playground?.close();
    await engine.close();
    await rm(folder, { recursive: true });
  });

  async function open(width: number, locale = 'ko-KR'): Promise<Page> {
    const context = await browser.newContext({ viewport: { width, height: 800 }, locale, reducedMotion: 'reduce' });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    await page.goto(playground.url);
    return page;
  }

  test('is Korean from the first byte, and says so', async () => {
    const response = await fetch(playground.url, { headers: { 'accept-language': 'fr,ko-KR;q=0.9,en;q=0.8' } });
    expect(response.headers.get('content-language')).toBe('ko');
    expect(response.headers.get('vary')).toContain('Accept-Language');
    const html = await response.text();
    expect(html).toContain('<html lang="ko">');
    expect(html).toContain(`<h1 id="title">${korean.page.playground}</h1>`);
    expect(html).not.toContain('{{');
  });

  test.each([1_280, 360])('cuts nothing off on a screen of %i pixels', async (width) => {
    const page = await open(width);
    await page.getByRole('heading', { name: korean.page.question }).waitFor();
    expect(await page.evaluate(cutOff)).toEqual([]);
    const field = page.getByRole('combobox', { name: korean.page.message });
    await field.fill('a red lighthouse 시드:7 --단계 2');
    await field.press('Enter');
    await page.locator('.tile.is-done').nth(3).waitFor();
    expect(engine.requests.at(-1)).toMatchObject({ prompt: 'a red lighthouse', seeds: [7, 8, 9, 10], steps: 2 });
    expect(await page.locator('.asked .command').textContent()).toBe('/그리기');
    expect(await page.locator('.job-foot .settings').textContent()).toContain('시드 7 · 2단계');
    await page.getByRole('button', { name: korean.button.vary(2) }).waitFor();
    expect(await page.evaluate(cutOff)).toEqual([]);
    await page.getByRole('button', { name: korean.button.edit }).click();
    await page.getByRole('textbox', { name: new RegExp(`^${korean.option.prompt.title}`) }).waitFor();
    expect(await page.evaluate(cutOff)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /^2번째 그림 열기/ }).click();
    await page.locator('#lightbox').getByText('4장 중 2번째').waitFor();
    expect(await page.evaluate(cutOff)).toEqual([]);
    await page.context().close();
  });

  test('completes commands and options under their Korean names, and answers in Korean', async () => {
    const page = await open(1_280);
    const field = page.getByRole('combobox', { name: korean.page.message });
    await field.fill('/그');
    await page.getByRole('option', { name: /^\/그리기/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.type('a boat 스타');
    await page.getByRole('option', { name: /^스타일/ }).waitFor();
    await page.keyboard.press('Tab');
    await page.getByRole('option', { name: /^네온/ }).click();
    expect(await field.inputValue()).toBe('/그리기 a boat 스타일:neon ');
    await field.fill('/그리기 a boat 단계:900');
    await field.press('Enter');
    await page.getByText('옵션에는 1~150 범위의 값이 필요해요.').waitFor();
    await page.context().close();
  });

  test('keeps to English for a browser whose languages it does not have', async () => {
    const page = await open(1_280, 'fr-FR');
    await page.getByRole('heading', { name: 'What shall we draw?' }).waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('en');
    await page.context().close();
  });
});
