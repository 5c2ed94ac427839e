// What the tests share: script/server, the browser, and a web server on another port, which is another origin.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const { chromium } = createRequire(join(process.env.SI_NPM, 'package.json'))('playwright-core');
const project = fileURLToPath(new URL('../..', import.meta.url));

// All waits are for conditions, at most this many milliseconds; script/test measures how slow the machine is.
export const PATIENCE = 120000 * (Number(process.env.SI_PATIENCE) || 1);

async function listening(server) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server.address().port;
}

async function freePort() {
    const server = createServer();
    const port = await listening(server);
    server.close();
    await once(server, 'close');
    return port;
}

// Resolves when the program is ready: its output, the addresses in it, and how to end it.
async function startServer() {
    const process = spawn(join(project, 'script/server'), ['--port', await freePort()]);
    const ended = once(process, 'exit');
    const server = { output: '', stop: async () => { process.kill('SIGTERM'); await ended; } };
    const ready = new Promise((resolve) => {
        for (const stream of [process.stdout, process.stderr]) {
            stream.on('data', (data) => {
                server.output += data;
                if (/^Ready/m.test(server.output)) resolve();
            });
        }
    });
    await Promise.race([ready, ended]);
    const [, origin] = server.output.match(/^mod_session_initializer on (\S+),/m) ?? [];
    if (!origin) throw new Error(`script/server did not start:\n${server.output}`);
    [, server.standIn] = server.output.match(/(http\S+)\/_standin\/sessions/);
    [, server.directory] = server.output.match(/^Logs: (.*)/m);
    return { ...server, get output() { return server.output; }, origin };
}

// The demo's page, and a page with only Shaka Player and a video.
const BARE = `<!DOCTYPE html><title>Bare</title><video autoplay muted></video>
<script src="/players/shaka-player.compiled-es2021.js"></script>`;
const TYPES = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript' };

async function serveElsewhere(directory) {
    const web = createServer(async (request, response) => {
        const path = new URL(request.url, 'http://any').pathname.replace(/\/$/, '/index.html');
        try {
            const content = path === '/bare.html' ? BARE : await readFile(join(directory, path));
            response.writeHead(200, { 'Content-Type': TYPES[extname(path)] }).end(content);
        } catch {
            response.writeHead(404).end();
        }
    });
    return { origin: `http://127.0.0.1:${await listening(web)}`, stop: () => { web.closeAllConnections(); web.close(); } };
}

export const server = await startServer();
const elsewhere = await serveElsewhere(join(server.directory, 'page'));
const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
});

export async function stop() {
    await browser.close();
    elsewhere.stop();
    await server.stop();
}

// ---- Pages ----

export async function open(url, options = {}) {
    const page = await browser.newPage(options);
    page.setDefaultTimeout(PATIENCE);
    page.complaints = [];
    page.on('console', (message) => message.type() === 'error' && page.complaints.push(message.text()));
    page.on('pageerror', (error) => page.complaints.push(error.message));
    await page.goto(url);
    return page;
}

export const openElsewhere = (path) => open(elsewhere.origin + path);

// The error for a video that does not play says how far it came.
export async function plays(page, selector) {
    try {
        await page.waitForFunction((which) => document.querySelector(which).currentTime > 2, selector, { polling: 100 });
    } catch (error) {
        const video = await page.$eval(selector, ({ currentTime, readyState, networkState, paused, error: fault }) =>
            ({ currentTime, readyState, networkState, paused, fault: fault?.message })).catch(() => null);
        throw new Error(`${selector} is at ${JSON.stringify(video)}; the page: ${page.complaints}`, { cause: error });
    }
}

// One test for each size and colour scheme: nothing overflows. Saves a picture to SCREENSHOTS if that is set.
export function fitsEverywhere(opened, name) {
    for (const [device, width] of [['desktop', 1440], ['phone', 390]]) {
        for (const colorScheme of ['light', 'dark']) {
            test(`${name}: fits a ${device}, ${colorScheme}`, async () => {
                const page = opened();
                await page.setViewportSize({ width, height: 900 });
                await page.emulateMedia({ colorScheme });
                assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
                if (!process.env.SCREENSHOTS) return;
                await mkdir(process.env.SCREENSHOTS, { recursive: true });
                await page.screenshot({
                    path: join(process.env.SCREENSHOTS, `${name}-${device}-${colorScheme}.png`), fullPage: true });
            });
        }
    }
}

// ---- The stand-in's record ----

export const HASH = '0123456789abcdef0123456789abcdef01234567';
export const url = (kind, name, configuration = 'demo') =>
    `${server.origin}/session-initializer/v1/${kind}/${HASH}/${configuration}/live/${name}`;

const standIn = async (path) => (await fetch(`${server.standIn}/_standin/${path}`)).json();

export const sessions = () => standIn('sessions');
export const summary = () => standIn('summary');
export const event = () => standIn('event');
export async function session(id) {
    const [record] = await standIn(`sessions?id=${id}`);
    return record ?? {};
}
