// Three players with a session each, begun through httpd, and how all sessions spread over the stream ids.
//
//   ?asset=ACCOUNT/CONFIGURATION/NAME   what they play, in place of the stand-in's asset
//   ?server=http://HOST:PORT            httpd, where this page is served by another
'use strict';

const parameters = new URLSearchParams(location.search);
const server = new URL(parameters.get('server') || location.href).origin;
const asset = parameters.get('asset') || '0123456789abcdef0123456789abcdef01234567/demo/live/index';
const prefix = '/session-initializer';

const find = (selector, within = document) => within.querySelector(selector);
const getJson = async (path) => {
    const response = await fetch(server + path, { cache: 'no-store' });
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response.json();
};

// ---- The players. Each start() begins a session at url, tells what it learns by on, and returns how to stop. ----

function startHls(video, url, on) {
    const hls = new Hls();
    hls.on(Hls.Events.MANIFEST_LOADED, (_, data) => on.answer(data.url));
    hls.on(Hls.Events.LEVEL_LOADED, (_, data) => on.session(data.details.url));
    hls.on(Hls.Events.ERROR, (_, data) => data.fatal && on.failure(`${data.details} ${data.response?.code ?? ''}`));
    hls.loadSource(url);
    hls.attachMedia(video);
    return () => hls.destroy();
}

function startDash(video, url, on) {
    const player = dashjs.MediaPlayer().create();
    player.updateSettings({ debug: { logLevel: dashjs.Debug.LOG_LEVEL_NONE } });
    player.on('manifestLoaded', ({ data }) => { on.answer(data.url); on.session(data.url); });
    player.on('error', ({ error }) => on.failure(error.message.replace(/\bhttps?:\S+/, 'the MPD')));
    player.initialize(video, url, true);
    return () => player.destroy();
}

async function startShaka(video, url, on) {
    const player = new shaka.Player();
    await player.attach(video);
    try {
        const manifest = await player.getAdManager().requestMediaTailorStream(url, { adsParams: { device: 'browser' } });
        on.answer(manifest);
        on.session(manifest);
        await player.load(manifest);
    } catch (error) {
        on.failure(`error ${error.code}`);
    }
    return () => player.destroy();
}

const players = [
    { name: 'hls.js', library: 'Hls', way: 'HLS playback, by redirect', start: startHls,
        method: 'GET', path: `/v1/master/${asset}.m3u8`, status: 302 },
    { name: 'dash.js', library: 'dashjs', way: 'DASH playback, by redirect', start: startDash,
        method: 'GET', path: `/v1/dash/${asset}.mpd`, status: 302 },
    { name: 'Shaka Player', library: 'shaka', way: 'Session initialization, by POST', start: startShaka,
        method: 'POST', path: `/v1/session/${asset}.m3u8`, status: 200 },
];

// ---- A player's card ----

// The session's id is in the playlist's query, or in the path of all that is below it.
function sessionIdIn(url) {
    const { pathname, searchParams } = new URL(url, server);
    return searchParams.get('aws.sessionId') || pathname.match(/^\/v1\/manifest\/[^/]+\/[^/]+\/([^/]+)\//)?.[1];
}

// A URL to be read: without what the page tells elsewhere or nobody needs, broken at its joints, the stream id marked.
function readable(path) {
    const short = path.replace(/\b([0-9a-f]{6})[0-9a-f]{34}\b/g, '$1…').replace(/(aws\.sessionId=)[^&]+/, '$1…');
    return short.split(/(aws\.streamId=[^&]*)|(?<=[/&])|(?=\?)/).filter(Boolean).flatMap((part) => {
        const element = document.createElement(part.startsWith('aws.streamId=') ? 'b' : 'span');
        element.textContent = part;
        return [element, document.createElement('wbr')];
    });
}

class Card {
    constructor(player) {
        this.player = player;
        this.root = find('#player').content.cloneNode(true).firstElementChild;
        this.video = find('video', this.root);
        find('h2', this.root).textContent = player.name;
        find('.way', this.root).textContent = player.way;
        this.video.setAttribute('aria-label', player.name);
        const button = find('button', this.root);
        button.setAttribute('aria-label', `New session for ${player.name}`);
        button.addEventListener('click', () => this.begin());
        this.tell('method', player.method);
        this.tell('asks', ...readable(prefix + player.path));
        this.video.addEventListener('timeupdate', () => this.moved());
        this.video.addEventListener('pause', () => this.position > 0 && this.say('Paused'));
        this.video.addEventListener('waiting', () => this.say('Buffering'));
    }

    tell(fact, ...content) {
        find(`[data-fact="${fact}"]`, this.root).replaceChildren(...content);
    }

    say(state, kind = '') {
        if (this.failed) return;
        const element = find('.state', this.root);
        element.textContent = state;
        element.dataset.kind = kind;
    }

    async begin() {
        const turn = this.turn = {}; // what a session before this one still tells is old
        const current = (listener) => (value) => { if (turn === this.turn) listener(value); };
        const stop = this.stop;
        this.stop = null;
        if (stop) await (await stop)();
        if (turn !== this.turn) return;
        this.reset();
        if (!(this.player.library in window)) {
            this.fail('Not installed: script/server says why');
            return;
        }
        this.stop = this.player.start(this.video, server + prefix + this.player.path, {
            answer: current((url) => this.answered(url)),
            session: current((url) => this.learnedSession(url)),
            failure: current((message) => this.fail(message)),
        });
    }

    reset() {
        this.failed = false;
        this.session = null;
        this.position = 0;
        this.say('Starting');
        find('.reason', this.root).textContent = '';
        this.tell('status', 'Answer');
        this.idInUrl = null;
        this.showId(null);
        this.tell('played', '0.0 s');
        for (const fact of ['gets', 'session', 'record']) this.tell(fact, '–');
    }

    moved() {
        const now = this.video.currentTime;
        if (now > this.position && !this.video.paused) this.say('Playing', 'good');
        this.position = now;
        this.tell('played', `${now.toFixed(1)} s`);
    }

    // The URL that the player was sent to; to that of a redirect MediaTailor's own may have added the session.
    answered(url) {
        const { pathname, search, searchParams } = new URL(url, server);
        const added = this.player.status === 302 ? /&aws\.sessionId=[^&]*$/ : /$^/;
        this.tell('status', this.player.status);
        this.tell('gets', ...readable(pathname + search.replace(added, '')));
        this.idInUrl = searchParams.get('aws.streamId');
    }

    async learnedSession(url) {
        const session = sessionIdIn(url);
        if (!session || session === this.session) return;
        this.session = session;
        this.tell('session', session);
        const [recorded] = await Promise.all([recordedStreamId(session), drawSpread()]);
        if (session !== this.session) return;
        this.tell('record', ...(recorded ? ['Begun with stream id ', bold(recorded)] : ['None within reach']));
        const id = recorded || this.idInUrl;
        this.showId(id);
        announce(`${this.player.name} has a session with ${id ? `stream id ${id}` : 'a stream id that it cannot see'}.`);
    }

    showId(id) {
        this.tell('id', id || '–');
        this.root.dataset.streamId = id || '';
        this.root.style.setProperty('--id', id ? colour(id) : 'var(--muted)');
    }

    fail(message) {
        this.say('Failed', 'bad');
        this.failed = true;
        find('.reason', this.root).textContent = message;
        announce(`${this.player.name} failed: ${message}.`);
    }
}

// What the stand-in was given for this session; nothing if httpd's upstream is a real MediaTailor.
async function recordedStreamId(session) {
    const [record] = await getJson(`/_standin/sessions?id=${encodeURIComponent(session)}`).catch(() => []);
    return record?.streamId;
}

function bold(text) {
    const element = document.createElement('b');
    element.textContent = text;
    return element;
}

function announce(text) {
    find('#news').textContent = text;
}

// ---- The spread ----

const rows = new Map(); // by stream id, in their order

// Of each stream id, how many sessions there are and what share is expected: by the module's own counters.
async function countedByModule() {
    const { servers: [{ streams }] } = await getJson('/session-initializer-status?json');
    return streams.map((stream) => (
        { id: stream.id, count: stream.redirects + stream.sessions, expected: stream.expected_share }));
}

async function drawSpread() {
    let streams;
    try {
        streams = await countedByModule();
    } catch (error) {
        find('#total').textContent = `Not known: ${error.message}`;
        return;
    }
    const total = streams.reduce((sum, { count }) => sum + count, 0);
    const shares = streams.map(({ count }) => count / (total || 1));
    const widest = Math.max(...shares, ...streams.map(({ expected }) => 2 * expected));
    if (streams.length !== rows.size || streams.some(({ id }) => !rows.has(id))) layRows(streams);
    streams.forEach(({ id, count, expected }, i) => {
        const row = rows.get(id);
        row.style.setProperty('--length', shares[i] / widest);
        row.style.setProperty('--expected', expected / widest);
        find('.count', row).textContent = count;
        find('.share', row).textContent = `${(100 * shares[i]).toFixed(1)} %`;
    });
    find('#total').textContent = total ? `${total} ${total === 1 ? 'session' : 'sessions'}` : 'No session yet.';
}

function layRows(streams) {
    rows.clear();
    for (const { id } of streams) {
        const row = find('#id-row').content.cloneNode(true).firstElementChild;
        rows.set(id, row);
        row.dataset.streamId = id;
        row.style.setProperty('--id', colour(id));
        find('th', row).textContent = id;
    }
    find('#ids').replaceChildren(...rows.values());
}

function colour(id) {
    const position = [...rows.keys()].indexOf(id);
    return position < 0 ? 'var(--muted)' : `var(--id-${position % 10 + 1})`;
}

// Sessions without a player, as many at once as a browser has connections.
async function startSessions(number, tellProgress) {
    let begun = 0;
    const beginInTurn = async () => {
        while (begun < number) {
            tellProgress(++begun);
            const response = await fetch(`${server}${prefix}/v1/session/${asset}.m3u8`, {
                method: 'POST',
                headers: { 'Content-Type': 'application/json' },
                body: JSON.stringify({ adsParams: { device: 'browser' } }),
            });
            if (!response.ok) throw new Error((await response.json()).message);
        }
    };
    await Promise.all(Array.from({ length: 6 }, beginInTurn));
}

async function startHundred() {
    const button = find('#hundred');
    if (button.ariaBusy === 'true') return;
    const label = button.textContent;
    button.ariaBusy = 'true';
    try {
        await startSessions(100, (n) => { button.textContent = `${n} of 100`; });
        announce('100 sessions started.');
    } catch (error) {
        announce(`The sessions could not be started: ${error.message}`);
    }
    button.textContent = label;
    button.ariaBusy = 'false';
    drawSpread();
}

// ---- The page ----

const cards = players.map((player) => new Card(player));
find('#players').append(...cards.map((card) => card.root));
find('#all').addEventListener('click', () => cards.forEach((card) => card.begin()));
find('#hundred').addEventListener('click', startHundred);
find('#asset').value = asset;

cards.forEach((card) => card.begin());
drawSpread();
setInterval(() => { if (!document.hidden) drawSpread(); }, 2000);
