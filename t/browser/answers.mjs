// What a script on a page of another origin may ask and read: preflight, redirects and errors as the browser sees them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openElsewhere, PATIENCE, server, session, url } from './harness.mjs';

let page;

const ask = (address, options) => page.evaluate(async ([where, how]) => {
    const response = await fetch(where, how);
    const { status, redirected, url: at, headers } = response;
    return { status, redirected, at, headers: Object.fromEntries(headers), body: await response.text() };
}, [address, options]);

// Posts an object as axios does.
const post = (address, body) => ask(address, {
    method: 'POST',
    headers: { 'Accept': 'application/json, text/plain, */*', 'Content-Type': 'application/json' },
    body,
});

async function logged(pattern) {
    const end = Date.now() + PATIENCE;
    while (!pattern.test(server.output)) {
        assert.ok(Date.now() < end, `the access log has no ${pattern}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

test('a script is at hand on a page of another origin', async () => {
    page = await openElsewhere('/bare.html');
});

test('a POST of JSON gets its session', async () => {
    const { status, body } = await post(url('session', 'index.mpd'), '{"adsParams":{"device":"tv"}}');
    assert.equal(status, 200);
    const { manifestUrl } = JSON.parse(body);
    const record = await session(new URL(manifestUrl, server.origin).searchParams.get('aws.sessionId'));
    assert.match(record.streamId, /^[1-3]$/);
    assert.deepEqual(record.body, { adsParams: { device: 'tv' }, streamId: record.streamId });
});

test('the browser sent its preflight first', async () => {
    await logged(/"OPTIONS \S+\/index\.mpd" 204 [^]*"POST \S+\/index\.mpd" 200 /);
});

test("the script reads the module's own error", async () => {
    const { status, headers, body } = await post(url('session', 'index.m3u8'), '[]');
    assert.equal(status, 400);
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(JSON.parse(body).error, 'bad-json');
});

test("the script reads MediaTailor's error and its type", async () => {
    const { status, headers, body } = await post(url('session', 'index.m3u8', 'fault-status-503'), '{}');
    assert.equal(status, 503);
    assert.match(headers['x-amzn-errortype'], /^ThrottlingException:/);
    assert.ok(headers['x-amzn-requestid']);
    assert.ok(JSON.parse(body).message);
});

test('fetch follows the redirect and sees where it came to', async () => {
    const { status, redirected, at } = await ask(url('master', 'index.m3u8'));
    assert.equal(status, 200);
    assert.equal(redirected, true);
    assert.match(at, /\/v1\/master\/[^?]+\/live\/index\.m3u8\?aws\.streamId=[1-3]$/);
});

test('cookies are not for the module: a request with credentials is kept from the script', async () => {
    await assert.rejects(ask(url('master', 'index.m3u8'), { credentials: 'include' }), /Failed to fetch/);
    await page.close();
});
