import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loggingIn, zohoAccount } from '../support/login.ts';

/** The login with a real browser: headless Chromium. */

const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
/** A folder for screenshots of the pages. */
const pictures = process.env['PICTURES'];

let browser: Browser;
beforeAll(async () => {
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is missing: apt-get install chromium, or set CHROMIUM to its path.`);
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  browser = await chromium.launch({ executablePath, headless: true, args });
});
afterAll(() => browser?.close());

/** A page in a new browser context. Collects the errors of the page and the hosts of its requests. */
async function tab(options: BrowserContextOptions = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  // Browsers request an icon, which does not exist.
  page.on(
    'console',
    (message) => message.type() === 'error' && !message.location().url.endsWith('/favicon.ico') && complaints.push(message.text()),
  );
  page.on('request', (request) => asked.push(new URL(request.url()).host));
  const picture = async (name: string) => {
    if (pictures === undefined) return;
    mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: join(pictures, `${name}.png`) });
  };
  return { page, complaints, asked, picture };
}

describe('the login in a browser', () => {
  it.each(['light', 'dark'] as const)('shows a page without an error after "Accept", and stores a login (%s)', async (colorScheme) => {
    const zoho = await zohoAccount();
    const { program, address, redirectUri } = await loggingIn([], zoho.settings);
    const { page, complaints, asked, picture } = await tab({ colorScheme });
    await page.goto(address);
    await picture(`consent-${colorScheme}`);
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.waitForURL(`${redirectUri}**`);
    expect(await page.getByRole('heading').textContent()).toBe('Zoho has answered');
    const text = await page.locator('body').innerText();
    expect(text).toContain('You can close this window.');
    for (const value of new URL(page.url()).searchParams.values()) if (value.length > 3) expect(await page.content()).not.toContain(value);
    const [ground, ink] = (await page.evaluate(
      '[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]' +
        '.map((color) => Number(color.match(/\\d+/)[0]))',
    )) as [number, number];
    expect(ground > ink).toBe(colorScheme === 'light');
    await picture(`arrived-${colorScheme}`);

    expect(await program.ended).toMatchObject({ code: 0 });
    expect(zoho.kept()).toMatchObject({ organizationId: zoho.sandbox.organization_id });
    expect(complaints).toEqual([]);
    // Nothing is loaded from other hosts.
    expect(new Set(asked)).toEqual(new Set([new URL(zoho.sandbox.url).host, new URL(redirectUri).host]));
  });

  it('shows after "Reject" a page that says that nothing was connected', async () => {
    const zoho = await zohoAccount();
    const { program, address, redirectUri } = await loggingIn([], zoho.settings);
    const { page, complaints, picture } = await tab({ viewport: { width: 360, height: 640 } });
    await page.goto(address);
    await page.getByRole('button', { name: 'Reject' }).click();
    await page.waitForURL(`${redirectUri}**`);
    expect(await page.getByRole('heading').textContent()).toBe('Access was declined');
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await picture('declined-narrow');
    expect(await program.ended).toMatchObject({ code: 1 });
    expect(program.stderr()).toContain('Access was declined');
    expect(existsSync(zoho.file)).toBe(false);
    expect(complaints).toEqual([]);
  });

  it('cannot be ended by a foreign page, and accepts no answer from this page', async () => {
    const zoho = await zohoAccount();
    const { program, address, redirectUri } = await loggingIn([], zoho.settings);
    const { page } = await tab();
    for (const query of ['error=access_denied', 'code=1000.a.b&state=guess']) {
      await page.goto(`${redirectUri}?${query}`);
      expect(await page.getByRole('heading').textContent()).toBe('This answer belongs to another login');
    }
    await page.goto(address);
    await page.getByRole('button', { name: 'Accept' }).click();
    await page.waitForURL(`${redirectUri}**`);
    expect(await program.ended).toMatchObject({ code: 0 });
  });
});
