// Pictures of every screen, to be looked at: node shots.mjs ADDRESS FOLDER [PATH …]
import { mkdir } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import { OPERATOR } from './stack.mjs';
import { CHROMIUM, logIn } from './browser.mjs';

const [address, folder, ...paths] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
const browser = await chromium.launch(CHROMIUM);
for (const colorScheme of ['light', 'dark']) {
  for (const width of [1280, 360]) {
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
    const page = await context.newPage();
    await logIn(page, address, OPERATOR);
    for (const path of paths) {
      await page.goto(address + path);
      const name = path.split('?')[0].split('/').filter(Boolean).slice(0, 2).join('-').slice(0, 24) || 'home';
      await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${width}.png`, fullPage: true });
    }
    await context.close();
  }
}
await browser.close();
