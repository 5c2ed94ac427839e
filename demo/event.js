// A live event in fast motion: an audience joins through httpd, and the stand-in counts what the ad server is asked.
// script/ad-load plays the same from the command line; script/standin/prefetch.py has the rules.
'use strict';

const ACCOUNT = '0123456789abcdef0123456789abcdef01234567';
const IDS = ['1', '2', '3']; // those of script/server
const REFRESH = 4, WINDOW = 60, BREAK_AT = 600, END = 660; // seconds of the event
const STEP = 4; // from one picture to the next
const PAUSE = 40; // milliseconds, at the least, that a picture stays
const PLAYERS_AT_ONCE = 6; // a browser has no more connections to a host

const FIRST = BREAK_AT - IDS.length * WINDOW;
const CASES = [
    { name: 'Without prefetch', configuration: 'without-prefetch', windows: [] },
    { name: 'One window', configuration: 'one-window',
        windows: IDS.map((id) => ({ id, start: FIRST, end: BREAK_AT })) },
    { name: `${IDS.length} windows`, configuration: `${IDS.length}-windows`,
        windows: IDS.map((id, n) => ({ id, start: FIRST + n * WINDOW, end: FIRST + (n + 1) * WINDOW })) },
];

const find = (selector) => document.querySelector(selector);
const number = (value) => value.toLocaleString('en');
const clock = (second) => `${Math.floor(second / 60)}:${String(second % 60).padStart(2, '0')}`;

// ---- The audience. A viewer begins one session in each case. ----

async function ask(method, path, body, signal) {
    const options = { method, signal, cache: 'no-store', body: body === null ? body : JSON.stringify(body) };
    const response = await fetch(path, options);
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} to ${method} ${path}`);
    return text;
}

const begin = (kind, configuration, suffix) =>
    `/session-initializer/v1/${kind}/${ACCOUNT}/${configuration}/live/index.${suffix}`;
const KINDS = [
    (configuration, signal) => ask('GET', begin('master', configuration, 'm3u8'), null, signal),
    (configuration, signal) => ask('GET', begin('dash', configuration, 'mpd'), null, signal),
    async (configuration, signal) => {
        const body = { adsParams: { device: 'browser' } };
        const answer = await ask('POST', begin('session', configuration, 'm3u8'), body, signal);
        await ask('GET', JSON.parse(answer).manifestUrl, null, signal);
    },
];

async function beginSessions(signal) {
    const kind = KINDS[Math.floor(Math.random() * KINDS.length)];
    await Promise.all(CASES.map(({ configuration }) => kind(configuration, signal)));
}

async function join(viewers, signal) {
    let left = viewers;
    const player = async () => { while (left-- > 0) await beginSessions(signal); };
    await Promise.all(Array.from({ length: Math.min(viewers, PLAYERS_AT_ONCE) }, player));
}

// How many join in each second: a beta distribution of whole a and b is an order statistic of even numbers.
function joinsBySecond(audience, a, b) {
    const joins = new Array(END).fill(0);
    for (let n = 0; n < audience; n++) {
        const drawn = Array.from({ length: a + b - 1 }, Math.random).sort((x, y) => x - y)[a - 1];
        joins[Math.floor(drawn * BREAK_AT)]++;
    }
    return joins;
}

// ---- The event ----

function schedules() {
    return CASES.flatMap(({ configuration, windows }) => windows.map(({ id, start, end }) => ({
        Name: `break-1-id-${id}`, PlaybackConfigurationName: configuration, StreamId: id,
        Retrieval: { StartTime: start, EndTime: end }, Consumption: { StartTime: BREAK_AT, EndTime: END },
    })));
}

async function play(options, show, signal) {
    const joins = joinsBySecond(options.audience, ...options.join);
    await ask('PUT', '/_standin/event',
        { refresh: REFRESH, avails: [{ StartTime: BREAK_AT, EndTime: END }], schedules: schedules() }, signal);
    let joined = 0;
    const audience = [];
    for (let now = 0; now <= END; now++) {
        const viewers = joins[now] || 0, pictured = now % STEP === 0;
        if (!viewers && !pictured) continue;
        const stays = pictured && new Promise((resolve) => { setTimeout(resolve, PAUSE); });
        const counted = await ask('PUT', '/_standin/event/clock', now, signal);
        await join(viewers, signal);
        joined += viewers;
        audience.push({ second: now, joined });
        if (!pictured) continue;
        const { configurations } = JSON.parse(counted);
        const cases = CASES.map((each) => figures(each, configurations));
        show({ ...options, now, joined, audienceSoFar: audience, cases });
        await stays;
    }
}

// A case, and what the stand-in has counted of it.
function figures(each, configurations) {
    const { seconds = [], streamIds = {} } = configurations[each.configuration] || {};
    const counts = seconds.map(({ second, prefetch = 0, break: atBreak = 0, served = 0 }) =>
        ({ second, prefetch, atBreak, served }));
    const sum = (kind) => counts.reduce((total, count) => total + count[kind], 0);
    const requests = ({ prefetch, atBreak }) => prefetch + atBreak;
    const none = { prefetch: 0, atBreak: 0 };
    const fullest = counts.reduce((best, count) => (requests(count) > requests(best) ? count : best), none);
    return { ...each, counts, streamIds, peak: requests(fullest), peakAt: fullest.second,
        ahead: sum('prefetch'), atBreak: sum('atBreak'), served: sum('served') };
}

// ---- The pictures: one panel for the audience, one for each case, all over the same time. ----

function addPanel(name) {
    const panel = document.createElement('figure');
    panel.className = 'card panel';
    panel.innerHTML = '<figcaption><h2></h2><span></span></figcaption><svg role="img"></svg>';
    panel.querySelector('h2').textContent = name;
    find('#panels').append(panel);
    return panel;
}

const audiencePanel = addPanel('Viewers');
const casePanels = CASES.map(({ name }) => addPanel(name));

const describe = (panel, text) => panel.querySelector('svg').setAttribute('aria-label', text);

function roundStep(largest, steps) {
    for (let power = 1; ; power *= 10) {
        const factor = [1, 2, 5].find((each) => each * power * steps >= largest);
        if (factor) return factor * power;
    }
}

// Each window once, with the ids that have it.
function apart(windows) {
    const ids = ({ start }) => windows.filter((other) => other.start === start).map(({ id }) => id);
    return [...new Map(windows.map((window) => [window.start, { ...window, ids: ids(window) }])).values()];
}

// The frame of a panel: scales, grid, times, break and windows. What parts() draws with the scales comes between.
function draw(panel, largest, now, windows, parts) {
    const svg = panel.querySelector('svg');
    const width = Math.max(svg.clientWidth, 240), narrow = width < 400;
    const left = narrow ? 38 : 52, right = width - 8, top = 20, base = narrow ? 116 : 136;
    const x = (second) => (left + (right - left) * second / END).toFixed(2);
    const step = roundStep(largest, narrow ? 3 : 4), highest = step * Math.ceil(largest / step);
    const y = (value) => (base - (base - top) * value / highest).toFixed(2);
    const span = (start, end, kind) =>
        `<rect class="${kind}" x="${x(start)}" y="${top}" width="${x(end) - x(start)}" height="${base - top}"/>`;
    const label = (at, height, kind, text) => `<text x="${at}" y="${height}" class="${kind}">${text}</text>`;

    const middle = (start, end) => (+x(start) + +x(end)) / 2;

    const drawn = [span(BREAK_AT, END, 'break')];
    drawn.push(label(middle(BREAK_AT, END), top - 6, 'middle', narrow ? 'ad' : 'ad break'));
    for (let value = 0; value <= highest; value += step) {
        drawn.push(`<line x1="${left}" x2="${right}" y1="${y(value)}" y2="${y(value)}"/>`);
        drawn.push(label(left - 6, +y(value) + 4, 'end', number(value)));
    }
    for (let second = 0; second <= END; second += right - left < 560 ? 120 : 60) {
        drawn.push(label(x(second), base + 18, second === END ? 'end' : 'middle', clock(second)));
    }
    apart(windows).forEach(({ start, end, ids }, n) => {
        drawn.push(span(start, end, n % 2 ? 'window even' : 'window'));
        const text = ids.length > 1 ? `ids ${ids[0]} to ${ids.at(-1)}` : `id ${ids[0]}`;
        drawn.push(label(middle(start, end), top - 6, 'middle', text));
    });
    drawn.push(parts(x, y));
    if (now > 0 && now < END) {
        drawn.push(`<line class="now" x1="${x(now)}" x2="${x(now)}" y1="${top}" y2="${base}"/>`);
    }
    svg.setAttribute('viewBox', `0 0 ${width} ${base + 24}`);
    svg.innerHTML = drawn.join('');
}

function drawAudience({ audience, audienceSoFar, now, joined }) {
    audiencePanel.querySelector('span').textContent = `${number(joined)} have joined`;
    draw(audiencePanel, audience, now, [], (x, y) => {
        const steps = audienceSoFar.map((each) => `H${x(each.second)}V${y(each.joined)}`);
        return `<path class="audience" d="M${x(0)} ${y(0)}${steps.join('')}V${y(0)}z"/>`;
    });
}

function drawCase(panel, each, { now, largest, capacity }) {
    const caption = panel.querySelector('span'), over = each.peak > capacity;
    const times = each.peak / capacity;
    const share = over ? `${times.toFixed(1)} times the capacity` : `${Math.round(100 * times)}% of the capacity`;
    caption.textContent = each.peak ?
        `${number(each.peak)} requests/s at ${clock(each.peakAt)}, ${share}` : 'no ad request so far';
    caption.className = over ? 'over' : '';
    describe(panel, `${each.name}, ad requests per second. Peak: ${caption.textContent}.`);
    draw(panel, largest, now, each.windows, (x, y) => {
        const bars = (kind, from, to) => {
            // A second may be less than a pixel wide: no bar is.
            const width = Math.max(x(1) - x(0), 1.5);
            const bar = (count) => `M${x(count.second)} ${y(from(count))}V${y(to(count))}h${width}V${y(from(count))}z`;
            const drawn = each.counts.filter((count) => to(count) > from(count)).map(bar);
            return `<path class="${kind}" d="${drawn.join('')}"/>`;
        };
        const [left, right] = [x(0), x(END)];
        return bars('ahead', () => 0, (count) => count.prefetch) +
            bars('at-break', (count) => count.prefetch, (count) => count.prefetch + count.atBreak) +
            `<line class="capacity" x1="${left}" x2="${right}" y1="${y(capacity)}" y2="${y(capacity)}"/>`;
    });
}

function fillTable(cases) {
    find('#rows').replaceChildren(...cases.map((each) => {
        const row = document.createElement('tr');
        const filled = each.served + each.atBreak;
        const share = filled ? `${(100 * each.served / filled).toFixed(1)}%` : '–';
        const at = each.peak ? clock(each.peakAt) : '–';
        [each.name, number(each.peak), at, number(each.ahead), number(each.atBreak), share]
            .forEach((text, n) => {
                const cell = document.createElement(n ? 'td' : 'th');
                if (!n) cell.scope = 'row';
                cell.textContent = text;
                row.append(cell);
            });
        return row;
    }));
    const { name, streamIds } = cases.at(-1);
    const groups = Object.entries(streamIds).sort().map(([id, count]) => `${number(count)} in group ${id}`);
    find('#groups').textContent = groups.length ? `${name}: the module has put ${groups.join(', ')}.` : '';
}

let shown;

function show(state) {
    // Without prefetch all ask within REFRESH seconds: the axis has space for that from the start.
    const largest = Math.max(state.capacity, 1.2 * state.audience / REFRESH, ...state.cases.map(({ peak }) => peak));
    shown = { ...state, largest };
    describe(audiencePanel, `${number(state.joined)} viewers at ${clock(state.now)}.`);
    drawAudience(shown);
    shown.cases.forEach((each, n) => drawCase(casePanels[n], each, shown));
    fillTable(shown.cases);
    find('#progress').value = state.now;
}

// ---- The page ----

const form = find('#options'), button = find('#run');
let running;

function chosen() {
    const values = new FormData(form);
    return { audience: Number(values.get('audience')), capacity: Number(values.get('capacity')),
        join: values.get('join').split(' ').map(Number) };
}

function tell(text, kind = '') {
    find('#news').textContent = text;
    find('#news').dataset.kind = kind;
}

function reset() {
    show({ ...chosen(), now: 0, joined: 0, audienceSoFar: [], cases: CASES.map((each) => figures(each, {})) });
}

async function run() {
    running = new AbortController();
    button.textContent = 'Stop';
    reset();
    const { audience } = chosen();
    tell(`${number(audience)} viewers join, in each of the ${CASES.length} cases.`);
    try {
        await play(chosen(), show, running.signal);
        tell(`Over: ${number(CASES.length * audience)} sessions were begun through httpd.`);
    } catch (error) {
        if (error.name === 'AbortError') tell('Stopped.');
        else tell(`Broken off: ${error.message}`, 'bad');
        running.abort(); // the other players' requests
    }
    running = null;
    button.textContent = 'Run the event';
}

form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (running) running.abort();
    else run();
});
form.addEventListener('change', ({ target }) => {
    // A capacity that half of the requests without prefetch would fill.
    if (target.name === 'audience') form.capacity.value = Math.ceil(chosen().audience / REFRESH / 2);
    if (!running) reset();
});
new ResizeObserver(() => show(shown)).observe(find('#panels'));

reset();
ask('GET', '/_standin/event', null).catch(() => {
    button.disabled = true;
    tell('The event is played by the MediaTailor stand-in, and this httpd has no stand-in.', 'bad');
});
