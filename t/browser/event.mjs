// The live event's page: it plays to its end, and shows what the stand-in has counted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { event, fitsEverywhere, open, server } from './harness.mjs';

const AUDIENCE = 24;
const CASES = ['without-prefetch', 'one-window', '3-windows'];
let page;
const says = (pattern) => page.waitForFunction(
    (text) => new RegExp(text).test(document.querySelector('#news').textContent), pattern.source);
const table = () => page.$$eval('#rows tr', (rows) => rows.map(
    (row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent)));

// What the stand-in has counted: the peak, and the requests before the break and at it.
async function counted() {
    const { configurations } = await event();
    return CASES.map((name) => {
        const { seconds } = configurations[name];
        const sum = (kind) => seconds.reduce((total, second) => total + (second[kind] ?? 0), 0);
        const peak = Math.max(...seconds.map((second) => (second.prefetch ?? 0) + (second.break ?? 0)));
        return [peak, sum('prefetch'), sum('break')].map(String);
    });
}

test('the event plays to its end, begun by the keyboard', async () => {
    page = await open(`${server.origin}/event.html`, { viewport: { width: 1440, height: 900 } });
    await page.$eval('[name=audience] option', (option, viewers) => { option.textContent = viewers; }, AUDIENCE);
    await page.selectOption('[name=audience]', String(AUDIENCE));
    await page.focus('#run');
    await page.keyboard.press('Enter');
    await says(new RegExp(`^Over: ${CASES.length * AUDIENCE} sessions`));
});

test('it shows what the stand-in has counted', async () => {
    const shown = (await table()).map(([peak, , ahead, atBreak]) => [peak, ahead, atBreak]);
    assert.deepEqual(shown, await counted());
});

test('every viewer asks once in each case: without prefetch at the break, with one window ahead of it', async () => {
    const requests = (await table()).map(([, , ahead, atBreak]) => [Number(ahead), Number(atBreak)]);
    assert.deepEqual(requests.slice(0, 2), [[0, AUDIENCE], [AUDIENCE, 0]]);
    assert.equal(requests[2][0] + requests[2][1], AUDIENCE);
});

test('each case has its picture, which says its peak', async () => {
    const peaks = (await table()).map(([peak]) => peak);
    const labels = await page.$$eval('.panel svg', (pictures) => pictures.map((picture) => picture.ariaLabel));
    for (const [n, peak] of peaks.entries()) assert.match(labels[n + 1], new RegExp(`Peak: ${peak} requests/s`));
    assert.equal(await page.$$eval('.panel path[d^=M]', (paths) => paths.length > 3), true);
});

fitsEverywhere(() => page, 'event');

test('the button stops it', async () => {
    // The clock is stopped; otherwise the event would be over on a slow machine.
    await page.route('**/_standin/event/clock', () => {});
    await page.click('#run');
    await page.click('text="Stop"');
    await says(/^Stopped/);
    assert.equal(await page.textContent('#run'), 'Run the event');
});

test("the event's page has nothing to complain of", async () => {
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('where no stand-in is, it says so', async () => {
    const alone = await open('about:blank');
    await alone.route('**/_standin/event', (route) => route.fulfill({ status: 404 }));
    await alone.goto(`${server.origin}/event.html`);
    await alone.waitForFunction(() => /this httpd has no stand-in/.test(document.querySelector('#news').textContent));
    assert.equal(await alone.isDisabled('#run'), true);
    await alone.close();
});
