import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { JobStore } from '../../../src/jobs/job-store.ts';
import { english } from '../../../src/messages/en.ts';
import { createInstantEngine } from '../../engines/instant-engine.ts';
import { createMemoryJobStore } from '../../store/memory-job-store.ts';
import { chromiumArguments, findChromium } from './find-chromium.ts';
import { openPlayground, type Playground } from './open-playground.ts';

const executablePath = findChromium();
const why = executablePath === null ? ' (skipped: no Chromium found; set CHROMIUM_PATH)' : '';

describe.skipIf(executablePath === null)(`the playground in Chromium${why}`, () => {
  let browser: Browser;
  let folder: string;
  let store: JobStore;
  let engine: ReturnType<typeof createInstantEngine>;
  let playground: Playground;
  let page: Page;
  let pageErrors: string[];
  /** Awaited before each step of a drawing. */
  let beforeStep: (step: number) => Promise<void>;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: executablePath ?? '', args: chromiumArguments });
  });

  afterAll(() => browser.close());

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quartet-browser-'));
    store = createMemoryJobStore();
    beforeStep = async () => undefined;
    engine = createInstantEngine({ beforeStep: (step) => beforeStep(step) });
    playground = await openPlayground({ engine, store, folder });
    pageErrors = [];
    page = await open({ width: 1_280, height: 800 });
  });

  afterEach(async () => {
    expect(pageErrors).toEqual([]);
    await page.context().close();
    await playground.close();
    await engine.close();
    await rm(folder, { recursive: true });
  });

  async function open(viewport: { width: number; height: number }): Promise<Page> {
    const context = await browser.newContext({ viewport, reducedMotion: 'reduce' });
    const opened = await context.newPage();
    opened.setDefaultTimeout(10_000);
    opened.on('pageerror', (error) => pageErrors.push(error.message));
    opened.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) pageErrors.push(message.text());
    });
    await opened.goto(playground.url);
    await opened.getByRole('heading', { name: 'What shall we draw?' }).waitFor();
    return opened;
  }

  const field = () => page.getByRole('combobox', { name: 'Message' });
  const pictures = () => page.locator('.tile.is-done img');

  const said = (words: string) => page.locator('.job-status', { hasText: words }).waitFor();

  async function type(line: string): Promise<void> {
    await field().fill(line);
    await field().press('Enter');
  }

  async function drawn(count: number): Promise<void> {
    await pictures()
      .nth(count - 1)
      .waitFor();
    expect(await pictures().count()).toBe(count);
  }

  test('draws what is typed and shows four pictures that say what they are', async () => {
    await type('/imagine a red lighthouse seed:7');
    await drawn(4);
    const alts = await pictures().evaluateAll((images) => images.map((image) => image.getAttribute('alt')));
    expect(alts).toEqual([1, 2, 3, 4].map((n) => `a red lighthouse (picture ${n} of 4)`));
    await page.waitForFunction(
      'Array.from(document.querySelectorAll(".tile img")).every((image) => image.naturalWidth === 512)',
    );
    expect(await page.locator('.job-foot .settings').textContent()).toContain('seed 7');
  });

  test('completes commands, options and closed lists by keyboard', async () => {
    await field().click();
    await page.keyboard.type('/im');
    await page.getByRole('option', { name: /^\/imagine/ }).waitFor();
    expect(await field().getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('Enter');
    await page.keyboard.type('a boat sty');
    await page.getByRole('option', { name: /^style/ }).waitFor();
    await page.keyboard.press('Tab');
    await page.getByRole('option', { name: /^Neon/ }).waitFor();
    await page.keyboard.press('ArrowUp');
    expect(await page.locator('[role=option][aria-selected=true]').textContent()).toContain('Neon');
    await page.keyboard.press('Enter');
    expect(await field().inputValue()).toBe('/imagine a boat style:neon ');
    await page.keyboard.type('see');
    await page.getByRole('option', { name: /^seed/ }).waitFor();
    await page.keyboard.press('Escape');
    expect(await page.getByRole('option').count()).toBe(0);
    await field().fill('/imagine a boat style:neon seed:3');
    await page.keyboard.press('Enter');
    await drawn(4);
    expect(await page.locator('.job-foot .settings').textContent()).toContain('style Neon');
  });

  test('takes an example of the welcome', async () => {
    await page.getByRole('button', { name: 'a red lighthouse by the sea at dusk' }).click();
    await drawn(4);
    expect(engine.requests[0]?.prompt).toBe('a red lighthouse by the sea at dusk');
  });

  test('shows the place in line, then progress with previews', async () => {
    const seen = Promise.withResolvers<void>();
    beforeStep = (step) => (step === 5 ? seen.promise : Promise.resolve());
    await type('a boat steps:8');
    await said('Drawing · step 4 of 8');
    await page.locator('.tile img[src^="data:image/webp"]').nth(3).waitFor();
    await type('a house');
    await said('Next in line');
    await type('a tree');
    await said('Number 2 in line of 2');
    seen.resolve();
    await drawn(12);
  });

  test('varies a picture, enlarges one, and edits by a form', async () => {
    await type('a boat seed:7');
    await drawn(4);
    await page.getByRole('button', { name: 'Vary 2' }).click();
    await drawn(8);
    await page.getByRole('button', { name: 'Enlarge 1' }).first().click();
    await drawn(9);
    await page.getByRole('button', { name: 'Edit' }).first().click();
    await page.getByRole('textbox', { name: /^Prompt/ }).fill('a green boat');
    await page.getByRole('button', { name: 'Draw' }).click();
    await drawn(13);
    expect(engine.requests.at(-1)).toMatchObject({ prompt: 'a green boat', seeds: [7, 8, 9, 10] });
  });

  test('cancels a drawing', async () => {
    const release = engine.hold();
    await type('a boat');
    await said('Drawing');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await said('Cancelled.');
    release();
  });

  test('says beside a waiting job that drawing is paused, and goes on by itself', async () => {
    const release = engine.hold();
    await type('a boat');
    await said('Drawing');
    engine.setReady(false);
    release();
    await drawn(4);
    await type('a house');
    await said(`Next in line · ${english.paused.no_server}`);
    await page.locator('#banner', { hasText: `${english.paused.no_server} Your messages are kept` }).waitFor();
    engine.setReady(true);
    await drawn(8);
    await page.locator('#banner').waitFor({ state: 'hidden' });
  });

  test('offers a model that the engine got while the page was open', async () => {
    const described = engine.describe();
    const more = described.models.map((model) => ({ ...model, id: 'cats', title: 'Cats' }));
    engine.describe = () => ({ ...described, models: [...described.models, ...more] });
    await page.locator('#status-facts', { hasText: 'Instant, Cats' }).waitFor();
    await field().fill('/imagine a boat model:');
    await page.getByRole('option', { name: 'Cats' }).waitFor();
  });

  test('deletes a result after asking', async () => {
    await type('a boat');
    await drawn(4);
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'What shall we draw?' }).waitFor();
  });

  test('opens a picture large with its settings and walks by arrow keys', async () => {
    await type('a boat seed:7');
    await drawn(4);
    await page.getByRole('button', { name: 'Open picture 2: a boat (picture 2 of 4)' }).click();
    const box = page.locator('#lightbox');
    await box.getByText('2 of 4').waitFor();
    expect(await box.locator('.facts').textContent()).toMatch(/Seed8/);
    await page.keyboard.press('ArrowRight');
    await box.getByText('3 of 4').waitFor();
    await box.getByRole('button', { name: 'Copy seed' }).click();
    await page.locator('.toast', { hasText: '9' }).waitFor();
    const downloading = page.waitForEvent('download');
    await box.getByRole('link', { name: 'Download' }).click();
    expect((await downloading).suggestedFilename()).toBe('quartet-9-3.png');
    await page.keyboard.press('Escape');
    await box.waitFor({ state: 'hidden' });
  });

  test('shows everything as it was after a reload, the failed and the cancelled too', async () => {
    await type('a boat seed:7');
    await drawn(4);
    await type('/imagine a boat steps:900');
    await page.getByText('got 900').waitFor();
    await type('/queue');
    await page.locator('.exchange').nth(2).locator('.text').waitFor();
    const before = await page.locator('#message-list').textContent();
    await page.reload();
    await drawn(4);
    expect(await page.locator('#message-list').textContent()).toBe(before);
  });

  test('shows markup in a prompt as text', async () => {
    const hostile = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await type(hostile);
    await drawn(4);
    expect(await page.locator('.asked').textContent()).toContain(hostile);
    expect(await page.title()).toBe('Quartet');
    expect(await page.locator('#messages script, #messages img[src=x]').count()).toBe(0);
  });

  test('walks through the pictures with the button that keeps the focus', async () => {
    await type('a boat');
    await drawn(4);
    await page.getByRole('button', { name: /^Open picture 1/ }).click();
    const box = page.locator('#lightbox');
    await box.getByRole('button', { name: 'Next picture' }).focus();
    await page.keyboard.press('Enter');
    await box.getByText('2 of 4').waitFor();
    await page.keyboard.press('Enter');
    await box.getByText('3 of 4').waitFor();
  });

  test('shows past pictures small below /history, and opens them', async () => {
    await type('a boat');
    await drawn(4);
    await type('/history');
    await page.getByRole('button', { name: 'Open the pictures of “a boat”' }).click();
    await page.locator('#lightbox').getByText('1 of 4').waitFor();
  });

  test('shows a page of the gallery once, however often it is asked for', async () => {
    await type('a boat');
    await drawn(4);
    await page.evaluate(`for (const hash of ['#gallery', '', '#gallery', '', '#gallery']) {
      location.hash = hash;
      dispatchEvent(new HashChangeEvent('hashchange'));
    }`);
    await page.locator('.card').first().waitFor();
    await page.waitForLoadState('networkidle');
    expect(await page.locator('.card').count()).toBe(1);
  });

  test('keeps past pictures in the gallery', async () => {
    await type('a boat seed:7');
    await drawn(4);
    await page.getByRole('link', { name: 'Gallery' }).click();
    const card = page.locator('.card');
    await card.first().waitFor();
    expect(await card.textContent()).toContain('seed 7');
    await card.getByRole('button').first().click();
    await page.locator('#lightbox').getByText('1 of 4').waitFor();
  });

  test('starts from a picture that was attached', async () => {
    await type('a boat count:1 size:64x64');
    await drawn(1);
    const png = await page.request.get(`${playground.url}${await pictures().first().getAttribute('src')}`);
    await page.locator('#file').setInputFiles({ name: 'start.png', mimeType: 'image/png', buffer: await png.body() });
    await page.locator('.attached[data-role=image]').getByRole('img').waitFor();
    await type('a house');
    await drawn(5);
    expect(engine.requests[1]?.init?.strength).toBeGreaterThan(0);
  });

  /** Paints across the picture in the open window, from left to right. */
  async function paintAcross(shown: Page, height = 0.5): Promise<void> {
    const canvas = shown.getByRole('img', { name: 'The picture to paint over' });
    const box = await canvas.boundingBox();
    if (box === null) throw new Error('Expected the window for painting to be open.');
    const at = (x: number) => [box.x + box.width * x, box.y + box.height * height] as const;
    await shown.mouse.move(...at(0.1));
    await shown.mouse.down();
    for (const x of [0.3, 0.5, 0.7, 0.9]) await shown.mouse.move(...at(x));
    await shown.mouse.up();
  }

  test('paints over a picture of a result with the mouse, with undo, clear and a rubber', async () => {
    await type('a boat size:64x64');
    await drawn(4);
    await pictures().nth(1).click();
    await page.locator('#lightbox').getByRole('button', { name: 'Paint over' }).click();
    const painter = page.getByRole('dialog', { name: 'Paint over what should be drawn anew' });
    const draw = painter.getByRole('button', { name: 'Draw' });
    const press = (name: string) => painter.getByRole('button', { name }).click();
    expect(await draw.isDisabled()).toBe(true);
    await paintAcross(page);
    expect(await draw.isDisabled()).toBe(false);
    await press('Undo');
    expect(await draw.isDisabled()).toBe(true);
    await paintAcross(page, 0.2);
    await paintAcross(page, 0.3);
    await press('Clear');
    expect(await draw.isDisabled()).toBe(true);
    await paintAcross(page);
    await press('Rub out');
    await paintAcross(page);
    // What was rubbed out again is as if it had never been painted.
    expect(await draw.isDisabled()).toBe(true);
    await press('Rub out');
    await paintAcross(page);
    await painter.getByRole('textbox').fill('a whale');
    await draw.click();
    await drawn(8);
    const { prompt, init } = engine.requests[1] ?? {};
    expect(prompt).toBe('a whale');
    const columnOf = (x: number) => Array.from({ length: 64 }, (_, y) => init?.mask?.data[y * 64 + x] ?? -1);
    expect([columnOf(32)[32], columnOf(32)[4], columnOf(32)[60]]).toEqual([255, 0, 0]);
    expect(await page.locator('.job-foot .settings').last().textContent()).toContain('painted within');
  });

  test('paints over an attached picture, and chooses what a second one is for', async () => {
    await type('a boat count:1 size:64x64');
    await drawn(1);
    const png = await page.request.get(`${playground.url}${await pictures().first().getAttribute('src')}`);
    const file = { name: 'start.png', mimeType: 'image/png', buffer: await png.body() };
    await page.locator('#file').setInputFiles(file);
    await page.getByRole('button', { name: 'Paint over' }).click();
    await paintAcross(page);
    await page.getByRole('button', { name: 'Use this' }).click();
    await page.getByRole('img', { name: 'The part of it to draw anew' }).waitFor();
    await page.locator('#file').setInputFiles({ ...file, name: 'second.png' });
    const second = page.locator('.attached[data-role=control]');
    await second.getByRole('combobox').selectOption({ label: 'Follow: Scribble' });
    await type('a house size:64x64 speed:cutoff');
    await drawn(5);
    const request = engine.requests[1];
    expect(request?.init?.mask?.data.some((value) => value === 255)).toBe(true);
    expect(request).toMatchObject({ speed: 'cutoff', control: { kind: 'scribble' } });
    expect(await page.locator('.attached').count()).toBe(0);
  });

  test('paints with a finger, and does not scroll meanwhile', async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 740 }, hasTouch: true, isMobile: true });
    const phone = await context.newPage();
    phone.setDefaultTimeout(10_000);
    await phone.goto(playground.url);
    await phone.getByRole('combobox', { name: 'Message' }).fill('a boat count:1 size:64x64');
    await phone.getByRole('button', { name: 'Send' }).tap();
    await phone.locator('.tile.is-done').tap();
    await phone.locator('#lightbox').getByRole('button', { name: 'Paint over' }).tap();
    const canvas = phone.getByRole('img', { name: 'The picture to paint over' });
    const box = await canvas.boundingBox();
    if (box === null) throw new Error('Expected the window for painting to be open.');
    expect(await phone.evaluate('document.documentElement.scrollWidth > innerWidth')).toBe(false);
    const touch = await context.newCDPSession(phone);
    const finger = (type: 'touchStart' | 'touchMove' | 'touchEnd', y = 0) =>
      touch.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: type === 'touchEnd' ? [] : [{ x: box.x + box.width / 2, y: box.y + box.height * y }],
      });
    await finger('touchStart', 0.2);
    for (const y of [0.4, 0.6, 0.8]) await finger('touchMove', y);
    await finger('touchEnd');
    expect(await phone.locator('#painter form').evaluate((form) => form.scrollTop)).toBe(0);
    await phone.locator('#painter').getByRole('button', { name: 'Draw' }).click();
    await phone.locator('.tile.is-done').nth(1).waitFor();
    const mask = engine.requests[1]?.init?.mask?.data;
    expect([mask?.[32 * 64 + 32], mask?.[32 * 64 + 4]]).toEqual([255, 0]);
    await context.close();
  });

  test('shows where a picture is withheld, and goes past it when looking at them large', async () => {
    await playground.close();
    engine = createInstantEngine({ unsafe: [0, 0.9, 0, 0] });
    playground = await openPlayground({ engine, store, folder });
    await page.goto(playground.url);
    await type('a boat');
    await drawn(3);
    expect(await page.locator('.tile').count()).toBe(4);
    await page.locator('.tile').nth(1).getByText('Withheld').waitFor();
    await page.getByText('1 of the 4 pictures is withheld').waitFor();
    await page.locator('.tile').nth(2).click();
    await page.locator('#lightbox').getByText('2 of 3').waitFor();
    await page.locator('#lightbox').getByRole('button', { name: 'Vary 3' }).waitFor();
  });

  test.each([360, 390])('has nothing wider than a phone of %i pixels', async (width) => {
    const phone = await open({ width, height: 740 });
    const isTooWide = () => phone.evaluate('document.documentElement.scrollWidth > innerWidth');
    expect(await isTooWide()).toBe(false);
    await phone.getByRole('combobox', { name: 'Message' }).fill('a boat');
    await phone.getByRole('combobox', { name: 'Message' }).press('Enter');
    await phone.locator('.tile.is-done').nth(3).waitFor();
    expect(await isTooWide()).toBe(false);
    await phone.getByRole('button', { name: 'Menu' }).click();
    await phone.getByRole('link', { name: 'Gallery' }).click();
    await phone.locator('.card').first().waitFor();
    expect(await isTooWide()).toBe(false);
    await phone.context().close();
  });

  test('reaches the menu of a phone by keyboard, and comes back', async () => {
    const phone = await open({ width: 390, height: 740 });
    await phone.getByRole('button', { name: 'Menu' }).focus();
    await phone.keyboard.press('Enter');
    await phone.keyboard.press('Tab');
    expect(await phone.evaluate('document.activeElement.id')).toBe('nav-gallery');
    await phone.keyboard.press('Escape');
    expect(await phone.evaluate('document.activeElement.id')).toBe('menu');
    await phone.context().close();
  });

  test('begins the form of Edit in its first field', async () => {
    await type('a boat');
    await drawn(4);
    await page.getByRole('button', { name: 'Edit' }).click();
    expect(await page.evaluate('document.activeElement.name')).toBe('prompt');
    await page.getByRole('textbox', { name: /^Prompt/ }).fill('');
    await page.getByRole('button', { name: 'Draw' }).click();
    expect(await page.getByRole('dialog').isVisible()).toBe(true);
  });

  test('says that the connection is lost, and heals when the server is back', async () => {
    await type('a boat seed:7');
    await drawn(4);
    await playground.close();
    await page.locator('#banner').getByText('Connection lost').waitFor();
    await type('a house');
    await page.getByRole('button', { name: 'Send again' }).waitFor();
    playground = await openPlayground({ engine, store, folder, port: playground.port });
    await page.locator('#banner').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Send again' }).click();
    await drawn(8);
  });

  test('cannot be used by a page of another site', async () => {
    const foreign = createServer((_, response) => response.end('<!doctype html><title>foreign</title>'));
    await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
    const other = await page.context().newPage();
    // The address of a TCP server is never a string.
    await other.goto(`http://127.0.0.1:${(foreign.address() as AddressInfo).port}`);
    const outcome = await other.evaluate(async (url) => {
      const posted = await fetch(`${url}/api/commands`, {
        method: 'POST',
        credentials: 'include',
        headers: { 'Content-Type': 'text/plain' },
        body: JSON.stringify({ key: 'abcdefghij', line: 'a foreign boat' }),
      }).then(
        (response) => response.status,
        () => 'refused',
      );
      const listened = await new Promise((resolve) => {
        const source = new EventSource(`${url}/api/events`, { withCredentials: true });
        source.onmessage = () => resolve('heard');
        source.onerror = () => resolve('refused');
      });
      return { posted, listened };
    }, playground.url);
    expect(outcome).toEqual({ posted: 'refused', listened: 'refused' });
    expect(engine.requests).toEqual([]);
    await new Promise((resolve) => foreign.close(resolve));
    await other.close();
  });
});
