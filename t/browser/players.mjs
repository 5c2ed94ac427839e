// hls.js, dash.js and Shaka Player on a page of another origin, and mpv: each plays through the module.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { openElsewhere, plays, PATIENCE, server, session, sessions, url } from './harness.mjs';

let page;
const card = (name) => `article:has(h2:text-is("${name}"))`;
const fact = (name, which) => page.textContent(`${card(name)} [data-fact="${which}"]`);

test('the page opens on another origin', async () => {
    page = await openElsewhere(`/?server=${server.origin}`);
});

let position = 0;
for (const name of ['hls.js', 'dash.js', 'Shaka Player']) {
    const nth = ++position;
    test(`${name} plays through the module, from a page of another origin`, async () => {
        await plays(page, `article:nth-of-type(${nth}) video`);
    });

    test(`${name} shows the stream id in MediaTailor's record`, async () => {
        await page.waitForSelector(`${card(name)}[data-stream-id]:not([data-stream-id=""])`);
        const { streamId } = await session(await fact(name, 'session'));
        assert.match(streamId, /^[1-3]$/);
        assert.equal(await fact(name, 'id'), streamId);
    });
}

for (const name of ['hls.js', 'dash.js']) {
    test(`the redirect that ${name} followed names this stream id`, async () => {
        assert.match(await fact(name, 'gets'), new RegExp(`\\?aws\\.streamId=${await fact(name, 'id')}$`));
    });
}

test("Shaka Player's parameters arrive, and the stream id with them", async () => {
    const { kind, streamId, body } = await session(await fact('Shaka Player', 'session'));
    assert.equal(kind, 'explicit');
    assert.deepEqual(body, { adsParams: { device: 'browser' }, streamId });
});

test('Shaka Player plays without parameters: its POST has no body', async () => {
    const bare = await openElsewhere('/bare.html');
    const manifest = await bare.evaluate(async (sessionUrl) => {
        const player = new shaka.Player();
        await player.attach(document.querySelector('video'));
        const found = await player.getAdManager().requestMediaTailorStream(sessionUrl);
        await player.load(found);
        return found;
    }, url('session', 'index.m3u8'));
    await plays(bare, 'video');
    const { streamId, body } = await session(new URL(manifest).searchParams.get('aws.sessionId'));
    assert.match(streamId, /^[1-3]$/);
    assert.deepEqual(body, { streamId });
    await bare.close();
});

test('the page of another origin has nothing to complain of', async () => {
    assert.deepEqual(page.complaints, []);
    await page.close();
});

async function mpv(address) {
    const process = spawn('mpv', ['--no-config', '--vo=null', '--ao=null', '--end=3', address], { timeout: PATIENCE });
    let output = '';
    process.stdout.on('data', (data) => { output += data; });
    process.stderr.on('data', (data) => { output += data; });
    const [status] = await once(process, 'close');
    return { status, output };
}

for (const [name, address] of [['HLS', url('master', 'index.m3u8')], ['DASH', url('dash', 'index.mpd')]]) {
    test(`mpv plays ${name} through the redirect`, async () => {
        const { status, output } = await mpv(`${address}?ads.player=mpv-${name}`);
        assert.equal(status, 0, output);
        assert.match(output, /AV: 00:00:02/, output);
        const [mine] = (await sessions()).filter(({ query }) => query.includes(`ads.player=mpv-${name}`));
        assert.match(mine.streamId, /^[1-3]$/);
    });
}
