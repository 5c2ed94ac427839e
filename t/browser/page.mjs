// The demo's page as script/server shows it: buttons, chart, faults, sizes and colours.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HASH, fitsEverywhere, open, plays, server, summary } from './harness.mjs';

const PLAYERS = [1, 2, 3];
let page;
const allPlay = () => Promise.all(PLAYERS.map((n) => plays(page, `article:nth-of-type(${n}) video`)));
const shown = () => page.$$eval('[data-fact="session"]', (facts) => facts.map((fact) => fact.textContent));
const sessionsOtherThan = (old) => page.waitForFunction((before) => {
    const now = [...document.querySelectorAll('[data-fact="session"]')].map((fact) => fact.textContent);
    return now.every((session, n) => session.length === 36 && session !== before[n]);
}, old);

// Stream id to sessions.
const chart = () => page.$$eval('#ids tr', (rows) => Object.fromEntries(
    rows.map((row) => [row.querySelector('th').textContent, Number(row.querySelector('.count').textContent)])));
const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);

test('all three play on the page of script/server', async () => {
    page = await open(`${server.origin}/`, { viewport: { width: 1440, height: 900 } });
    await allPlay();
});

test('the button gives one player a new session, by the keyboard', async () => {
    const before = await shown();
    await page.focus('text="New session" >> nth=1');
    await page.keyboard.press('Enter');
    await sessionsOtherThan([null, before[1], null]);
    const after = await shown();
    assert.deepEqual([after[0], after[2]], [before[0], before[2]]);
});

test('the button gives all players new sessions, and they play', async () => {
    const before = await shown();
    await page.click('text="New session for all"');
    await sessionsOtherThan(before);
    await allPlay();
});

const difference = (after, before) => Object.fromEntries(
    Object.entries(after).map(([id, count]) => [id, count - (before[id] ?? 0)]));

test('the chart shows a hundred sessions more, as MediaTailor was given them', async () => {
    await page.evaluate(() => drawSpread());
    const [charted, given] = [await chart(), (await summary()).sessions];
    await page.click('text="Start 100 sessions"');
    await page.waitForFunction((least) => parseInt(document.querySelector('#total').textContent, 10) >= least,
        sum(charted) + 100);
    const more = difference(await chart(), charted);
    assert.equal(sum(more), 100);
    assert.deepEqual(more, difference((await summary()).sessions, given));
});

test('the bars are as long as the shares', async () => {
    await page.waitForFunction(() => document.getAnimations().length === 0);
    const counts = Object.values(await chart());
    const drawn = await page.$$eval('.bar span', (bars) => bars.map((bar) => bar.getBoundingClientRect().width));
    for (const [n, width] of drawn.entries()) {
        assert.ok(Math.abs(width / drawn[0] - counts[n] / counts[0]) < 0.02, `${drawn} for ${counts}`);
    }
});

fitsEverywhere(() => page, 'players');

test('the page has nothing to complain of', async () => {
    assert.deepEqual(page.complaints, []);
    await page.close();
});

test('players whose session fails say so', async () => {
    const failing = await open(`${server.origin}/?asset=${HASH}/fault-status-503/live/index`);
    await failing.waitForFunction(() => document.querySelectorAll('.state[data-kind="bad"]').length === 3);
    await failing.close();
});

test('without the players from npm the page says so, and the chart is there', async () => {
    const bare = await open('about:blank');
    await bare.route('**/players/*', (route) => route.abort());
    await bare.goto(`${server.origin}/`);
    await bare.waitForFunction(() => document.querySelectorAll('.state[data-kind="bad"]').length === 3);
    assert.match(await bare.textContent('.reason'), /^Not installed/);
    await bare.waitForSelector('#ids tr');
    await bare.close();
});
