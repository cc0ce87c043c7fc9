import { readableText } from './texts.ts';

/** What the browser shows in the end. */
export interface Page {
  readonly status: number;
  readonly text: string;
}

/** What a browser does from the app's install page, over ours, back to the app. */
export async function installApp(installUrl: string, redirectedTo?: string): Promise<Page> {
  const page = await fetch(installUrl, { redirect: 'manual' });
  const cookie = page.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
  const linked = /href="([^"]*\/oauth\/v2\/authorize[^"]*)"/.exec(await page.text())?.[1];
  const authorize = page.headers.get('location') ?? (linked === undefined ? null : readableText(linked));
  if (authorize === null) throw new Error(`Expected a link to the platform's page, got status ${page.status}`);
  const consent = await fetch(authorize, { redirect: 'manual' });
  const back = consent.headers.get('location');
  if (back === null) throw new Error(`Expected to be sent back to the app, got "${await consent.text()}"`);
  const { pathname, search } = new URL(back);
  const address = redirectedTo === undefined ? back : redirectedTo + pathname + search;
  const last = await fetch(address, { headers: { cookie } });
  return { status: last.status, text: await last.text() };
}
