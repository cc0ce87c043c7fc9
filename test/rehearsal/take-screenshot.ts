import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { chromiumArguments, findChromium } from '../platforms/web/find-chromium.ts';

/** What a reader of README sees at once; the page itself goes on. */
const size = { width: 1_280, height: 1_720 };

/** The picture ends where the page does not. */
const fadingEnd = `body::after { content: ''; position: fixed; inset: auto 0 0; height: 140px;
  background: linear-gradient(transparent, var(--ground)); }`;

/** Writes what the top of the page looks like, as a WebP file. */
export async function takeScreenshot(page: string, file: string): Promise<void> {
  const executablePath = findChromium();
  if (executablePath === null)
    throw new Error('Expected a Chromium for --screenshot, got none; name one in CHROMIUM_PATH.');
  const browser = await chromium.launch({ executablePath, args: chromiumArguments });
  try {
    const view = await browser.newPage({ viewport: size });
    await view.goto(pathToFileURL(page).href, { waitUntil: 'load' });
    await view.addStyleTag({ content: fadingEnd });
    const png = await view.screenshot();
    await sharp(png).webp({ quality: 82, effort: 6 }).toFile(file);
  } finally {
    await browser.close();
  }
}
