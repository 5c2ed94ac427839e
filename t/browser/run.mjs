// Real players in a real browser, in TAP: script/server as users start it, Debian's Chromium, mpv.
//
//   SI_NPM=DIR node --test-reporter=tap t/browser/run.mjs
//
// DIR is where `script/players DIR test` has put its packages. SCREENSHOTS=DIR gets pictures of the page. The rest of
// the environment is passed to script/server.
import { after } from 'node:test';
import { stop } from './harness.mjs';

after(stop);

// The order matters: each file opens its page in its first test, because two pages that play would share the processor.
for (const file of ['players', 'answers', 'page', 'event']) await import(`./${file}.mjs`);
