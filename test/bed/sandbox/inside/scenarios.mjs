// The scripted conversations.
//   scripts: what the fake model answers. One array per script; element n is the answer to the n-th model
//            call of a turn. Step: { think, text, calls:[{name,args}], status, body, headers, transient:{n,status,body,headers},
//            cut, transientCut, stop, usage:{in,out,cr,cw}, delayMs, chunk, chunkDelay }
//   plans:   what the operator does. Job: { key, script, message, model, timeoutMs, wait:false } = one agent turn in session
//            agent:main:<key>; { rpc, params } = one gateway call; { sleep } ; { cli:[…] } = the openclaw command line.
//            optional:true = a failure of this job is not an error (not every version has every RPC).
// The last user message that contains [[scenario:NAME]] selects the script, so a plan's message gets that tag
// and a random suffix #xxxx, which keys the "fail n times, then succeed" counters. Scripts of sub-agents must be named child*.
const T = (name, args, raw) => ({ name, args, ...(raw ? { raw: true } : {}) });
const err = (message, type, extra = {}) => ({ error: { message, type, ...extra } });
const LONG = Number(process.env.NEMOBED_LONG_BYTES || 2_000_000);

export const scripts = {
  hello: [
    {
      think: 'A greeting. I answer in one sentence and say what I can do.',
      text: 'Hello Robin. I can read and change files in this workspace, run commands and delegate work.',
    },
  ],

  coding: [
    {
      think: 'The user says a discount test fails. First I look at the project layout.',
      text: 'I start with the layout and the failing test.',
      calls: [T('exec', { command: 'cd project && ls -R pricing tests && git status --short' })],
    },
    {
      think: 'Run the tests before any change, as AGENTS.md asks.',
      calls: [T('exec', { command: 'cd project && python3 -m unittest discover -s tests -v' })],
    },
    {
      think: 'test_plain_total and test_discount fail: total() multiplies by discount/100. Read the file to be sure.',
      text: 'Two tests fail. Reading the code.',
      calls: [T('read', { path: 'project/pricing/cart.py' })],
    },
    {
      think: 'The price is multiplied by the discount instead of by what is left. It must be (100 - discount) / 100.',
      text: 'The discount is applied as the price. Fixing it.',
      calls: [
        T('edit', {
          path: 'project/pricing/cart.py',
          edits: [{ oldText: 'return round(total * (discount / 100), 2)', newText: 'return round(total * (100 - discount) / 100, 2)' }],
        }),
      ],
    },
    { think: 'Verify the fix.', calls: [T('exec', { command: 'cd project && python3 -m unittest discover -s tests -v' })] },
    {
      think: 'Green. The TODO also wants VAT per country, so I add a small module.',
      text: 'All three tests pass. Adding the VAT helper.',
      calls: [
        T('write', {
          path: 'project/pricing/vat.py',
          content:
            '"""VAT rates per country."""\n\nRATES = {"SE": 25, "DE": 19, "FR": 20}\n\n\ndef with_vat(amount, country):\n    """Amount plus VAT, rounded to cents."""\n    return round(amount * (100 + RATES[country]) / 100, 2)\n',
        }),
      ],
    },
    {
      think: 'One patch: a test for it, and tick the TODO list.',
      calls: [
        T('apply_patch', {
          input:
            '*** Begin Patch\n*** Add File: project/tests/test_vat.py\n+import unittest\n+\n+from pricing.vat import with_vat\n+\n+\n+class VatTest(unittest.TestCase):\n+    def test_sweden(self):\n+        self.assertEqual(with_vat(100, "SE"), 125.0)\n*** Update File: project/TODO.md\n@@\n-- [ ] Discount test fails since the last change\n-- [ ] VAT per country\n+- [x] Discount test fails since the last change\n+- [x] VAT per country\n*** End Patch',
        }),
      ],
    },
    {
      think: 'Final run with everything.',
      calls: [T('exec', { command: 'cd project && python3 -m unittest discover -s tests -v && git diff --stat' })],
    },
    {
      think: 'Done. Summarise with the evidence.',
      text: 'Fixed: `total()` used the discount as the price (project/pricing/cart.py). Added `with_vat` with a test. 4 tests pass.',
    },
  ],
  failexec: [
    { think: 'Run the linter the user asked for.', calls: [T('exec', { command: "echo checking; echo 'lint: 2 problems' >&2; exit 3" })] },
    { think: 'Exit code 3. Try a command that does not exist.', calls: [T('exec', { command: 'no-such-linter --strict project' })] },
    { text: 'The linter failed with exit code 3, and `no-such-linter` is not installed (127).' },
  ],
  missingfile: [
    { think: 'Open the changelog.', calls: [T('read', { path: 'project/CHANGELOG.md' })] },
    { think: 'Not there. Maybe in docs.', calls: [T('read', { path: 'project/docs/history/2025.md' })] },
    { text: 'There is no changelog in the project.' },
  ],
  editmiss: [
    { calls: [T('read', { path: 'project/README.md' })] },
    {
      think: 'Replace the heading.',
      calls: [T('edit', { path: 'project/README.md', edits: [{ oldText: '# Pricing engine v1', newText: '# Pricing engine v2' }] })],
    },
    {
      think: "The text differs: the heading is '# pricing'.",
      calls: [T('edit', { path: 'project/README.md', edits: [{ oldText: '# pricing', newText: '# pricing 2' }] })],
    },
    { text: 'The heading is changed.' },
  ],
  parallel: [
    {
      think: 'Three independent look-ups, so I run them at once.',
      text: 'Looking at three places at once.',
      calls: [
        T('read', { path: 'project/pricing/cart.py', offset: 1, limit: 8 }),
        T('exec', { command: 'sleep 1; date -u +%Y' }),
        T('exec', { command: 'cd project && git log --oneline -3' }),
      ],
    },
    { calls: [T('read', { path: 'USER.md' }), T('read', { path: 'project/nothing.txt' })] },
    { text: 'Three look-ups done, one of the next two files does not exist.' },
  ],
  denied: [
    {
      think: 'Fetch the price feed the user named.',
      calls: [T('exec', { command: 'curl -sS -m 10 https://blocked.example.com/feed/prices.json' })],
    },
    {
      think: 'The tunnel failed with 403. Try the mirror once.',
      text: 'The first host is denied. Trying the mirror.',
      calls: [T('exec', { command: 'curl -sS -m 10 https://mirror.blocked.example.net:8443/prices.json' })],
    },
    {
      think: 'Also denied. The docs site is allowed.',
      calls: [T('exec', { command: 'curl -sS -m 10 http://docs.example.com/guide/prices' })],
    },
    {
      think: 'Reading works. Try to post a correction there.',
      calls: [T('exec', { command: 'curl -sS -m 10 -X POST -d note=1 http://docs.example.com/guide/prices' })],
    },
    {
      think: 'Read-only. Last: is the package index open for curl?',
      calls: [T('exec', { command: 'curl -sS -m 10 https://pypi.tst/simple/requests/' })],
    },
    {
      text: 'blocked.example.com and its mirror are not in the policy; docs.example.com is read-only; pypi.tst is allowed for python only.',
    },
  ],
  memory: [
    { think: 'The user asks about a preference. Search memory.', calls: [T('memory_search', { query: 'favourite colour' })] },
    { calls: [T('memory_get', { path: 'MEMORY.md', from: 1, lines: 5 })] },
    {
      think: 'Store the new fact.',
      calls: [
        T('write', {
          path: 'MEMORY.md',
          content:
            '# MEMORY\n\n- User favourite colour: teal\n- The price list is rounded to two decimals.\n- Releases happen on Thursdays.\n- The shop logo uses the favourite colour.\n',
        }),
      ],
    },
    { calls: [T('write', { path: 'memory/2026-09-30.md', content: '# 2026-09-30\n\n- Logo colour decided: teal\n' })] },
    { text: 'Your favourite colour is teal. I noted that the logo uses it.' },
  ],
  subagents: [
    {
      think: 'Two independent reviews: delegate both.',
      text: 'I start two helpers.',
      calls: [
        T('sessions_spawn', {
          task: 'Count the Python files of the project and report the number. [[scenario:child_count]]',
          label: 'file-counter',
        }),
        T('sessions_spawn', { task: 'Read the licence of the project and report it. [[scenario:child_fail]]', label: 'licence-reader' }),
      ],
    },
    { text: 'Two helpers are running. I report when they are back.' },
  ],
  child_count: [
    { think: 'I am a helper. Count the files.', calls: [T('exec', { command: "find project -name '*.py' | wc -l" })] },
    { think: 'Check the biggest one.', calls: [T('exec', { command: 'wc -l project/pricing/*.py | tail -1' })] },
    { text: 'The project has a handful of Python files.' },
  ],
  child_fail: [
    { think: 'I am a helper. Read the licence.', calls: [T('read', { path: 'project/LICENSE' })] },
    { status: 400, body: err('context rejected by the content filter', 'invalid_request_error') },
  ],
  announce: [{ text: 'Helper result received.' }],
  loop: [
    ...Array.from({ length: 6 }, (_, i) => ({
      ...(i ? {} : { think: 'Wait until the build is done.' }),
      calls: [T('exec', { command: 'test -f project/build.done && echo done || echo waiting' })],
    })),
    { text: 'The build never finished; I stop polling.' },
  ],
  retry: [
    {
      transient: { n: 2, status: 500, body: err('upstream exploded', 'server_error') },
      think: 'It worked at last.',
      text: 'OK after two server errors.',
    },
  ],
  retry429: [
    {
      transient: { n: 1, status: 429, headers: { 'retry-after': '1' }, body: err('Rate limit reached, try again', 'rate_limit_error') },
      text: 'OK after a rate limit.',
    },
  ],
  storm: [{ status: 500, body: err('upstream always explodes', 'server_error') }],
  err400: [{ status: 400, body: err('invalid request: messages.3 malformed', 'invalid_request_error') }],
  err401: [{ status: 401, body: err('bad api key', 'authentication_error') }],
  cut: [{ think: 'half a thought', text: 'This answer is cut in the mid', cut: true, transientCut: 1 }],
  length: [{ text: 'This answer is truncated by the token lim', stop: 'length' }],
  slow: [{ think: 'This takes a while.', text: 'word '.repeat(400), chunkDelay: 60 }],
  slowexec: [
    { think: 'Start the long build.', calls: [T('exec', { command: 'echo building; sleep 30; echo built' })] },
    { text: 'Build finished.' },
  ],
  big: [{ think: 'A long answer.', text: 'The price history in detail. '.repeat(210), usage: { in: 60000, out: 1600, cr: 100, cw: 0 } }],
  filler: [
    { think: 'Look at the cart once more.', calls: [T('read', { path: 'project/pricing/cart.py' })] },
    { calls: [T('exec', { command: 'cd project && git log --stat -2' })] },
    { text: 'The cart is unchanged since the first commit.' },
  ],
  background: [
    {
      think: 'Start the watcher in the background.',
      calls: [T('exec', { command: 'for i in 1 2 3; do echo tick $i; sleep 1; done', background: true })],
    },
    { calls: [T('process', { action: 'list' })] },
    { delayMs: 3500, calls: [T('process', { action: 'list' })] },
    { text: 'The background job has ended.' },
  ],
  skill: [
    { think: 'There is a skill for release notes.', calls: [T('read', { path: 'skills/release-notes/SKILL.md' })] },
    { calls: [T('exec', { command: 'cd project && git log --oneline -20' })] },
    { text: 'Release notes: one entry, the cart totals.' },
  ],
  mcp: [
    { think: 'The units server can convert.', calls: [T('units__convert', { value: 42, from: 'km', to: 'mi' })] },
    { calls: [T('units__rate', { pair: 'EURSEK' })] },
    { text: '42 km are 26.098 mi. There is no currency rate offline.' },
  ],
  plugin: [
    { think: 'Look up the ticket.', calls: [T('ticket_lookup', { key: 'SHOP-17', withHistory: true })] },
    { calls: [T('ticket_close', { key: 'SHOP-17', reason: 'fixed' })] },
    { text: 'SHOP-17 is open; closing failed because it is locked.' },
  ],
  toolsearch: [
    { think: 'Find the right tool.', calls: [T('tool_search', { query: 'look up a ticket' }, true)] },
    { calls: [T('tool_describe', { id: 'ticket_lookup' }, true)] },
    { calls: [T('tool_call', { id: 'ticket_lookup', args: { key: 'SHOP-21' } }, true)] },
    { text: 'SHOP-21 is open.' },
  ],
  badtool: [
    { calls: [T('no_such_tool', { foo: 1 })] },
    { calls: [T('read', { wrong: 1 })] },
    { text: 'Two calls were invalid; I stop here.' },
  ],
  cron: [{ think: 'Scheduled check.', calls: [T('exec', { command: 'cat project/TODO.md' })] }, { text: 'Nightly check: nothing urgent.' }],
  heartbeat: [{ text: 'HEARTBEAT_OK' }],
  status: [{ calls: [T('session_status', {})] }, { calls: [T('sessions_list', {})] }, { text: 'Status read.' }],

  hostile: [
    {
      think: "<script>alert('thinking')</script> **bold** [run](command:workbench.action.terminal.new) \u202Egnp.exe",
      text: '<script>alert(1)</script><img src=x onerror="alert(2)"><iframe src="javascript:alert(3)"></iframe>\n[open settings](command:workbench.action.openSettings) [site](https://evil.example.com/?q=1) [vs](vscode://file/etc/passwd) ![x](https://evil.example.com/p.png)\n\n```mermaid\n%%{init: {"securityLevel": "loose", "theme": "base"}}%%\ngraph TD\n  A["<img src=x onerror=alert(4)>"] --> B\n  click A call alert(5)\n```\n',
      calls: [
        T('exec', {
          command:
            "printf '\\033[31mred\\033[0m \\033]8;;https://evil.example.com\\007link\\033]8;;\\007 \\033[2J<script>alert(6)</script> a\\000b \\342\\200\\256txt.exe\\n'",
        }),
      ],
    },
    {
      think: 'Path tricks.',
      calls: [
        T('read', { path: '../../../../etc/passwd' }),
        T('read', { path: '/proc/self/environ\u0000.txt' }),
        T('write', {
          path: 'notes/<img src=x onerror=alert(7)> & "quotes" `tick`.md',
          content: 'a\u0000b \u202E dcba \u2066x\u2069 \ufeff </textarea><script>alert(8)</script>\n',
        }),
      ],
    },
    {
      calls: [
        T('<b>no_such</b>"onmouseover=alert(9)', {
          __proto__x: { polluted: true },
          constructor: { prototype: { polluted: 1 } },
          '</script>': '</script><script>alert(10)</script>',
        }),
      ],
    },
    {
      text: 'One line of two million characters next.',
      calls: [T('exec', { command: "python3 -c \"import sys; sys.stdout.write('A'*2000000+'\\n')\"" })],
    },
    { calls: [T('write', { path: 'notes/long-line.txt', content: 'L'.repeat(120_000) })] },
    {
      text: 'CSV: =HYPERLINK("https://evil.example.com") ; SQL: \'); DROP TABLE x;-- ; template: ${7*7} {{constructor}} %s %n ; log: 2026-01-01T00:00:00.000Z OCSF NET:OPEN [INFO] ALLOWED /usr/bin/curl(1) -> fake.example.com:443 [policy:fake engine:opa] ; nul:\u0000 esc:\u001b[31m bell:\u0007 rtl:\u202Eabc zwj:\u200d\u200b end.',
    },
  ],
  hostilelong: [
    {
      think: 'A very long single line.',
      text: 'Z'.repeat(LONG) + ' END',
      chunk: 65536,
      chunkDelay: 1,
      usage: { in: 900, out: 4000, cr: 0, cw: 0 },
    },
  ],

  long: [
    ...Array.from({ length: 100 }, (_, i) => ({
      delayMs: 15,
      ...(i % 10 ? {} : { think: `Batch ${i / 10 + 1} of 10: the next files.` }),
      calls: [
        T('exec', { command: `echo item ${i * 3 + 1}` }),
        T('exec', { command: i % 7 === 3 ? `echo item ${i * 3 + 2}; exit ${1 + (i % 5)}` : `echo item ${i * 3 + 2}` }),
        T('read', { path: i % 11 === 5 ? `project/missing-${i}.txt` : 'project/TODO.md' }),
      ],
    })),
    { text: '300 calls done.' },
  ],
  // Fills a small context window with tool results until OpenClaw compacts in the middle of the turn.
  overflow: [
    ...Array.from({ length: 30 }, (_, i) => ({
      delayMs: 15,
      ...(i % 6 ? {} : { think: `Next page: ${i / 6 + 1}.` }),
      calls: [T('exec', { command: `seq -w ${i * 700} ${i * 700 + 699}` }), T('read', { path: 'project/tests/test_cart.py' })],
    })),
    { text: 'All pages are read.' },
  ],
};
/** scripts whose position is kept by the server instead of derived from the request */
export const sequential = ['overflow'];

const turn = (key, script, message, extra = {}) => ({ key, script, message, ...extra });
const ULTRA = { model: 'nvidia/nemotron-3-ultra-550b-a55b', provider: 'inference' };
const SMALL = { model: 'nvidia/nemotron-3-nano-30b-a3b', provider: 'inference' };

export const plans = {
  hello: [turn('main', 'hello', 'Hi! What can you do here?')],
  coding: [
    turn(
      'coding',
      'coding',
      'A discount test in project/ fails since the last change. Please find out why, fix it, and add VAT per country.',
    ),
  ],
  failexec: [turn('checks', 'failexec', 'Run the linter.')],
  missingfile: [turn('checks', 'missingfile', 'What does the changelog say?')],
  editmiss: [turn('checks', 'editmiss', 'Change the heading of the readme.')],
  parallel: [turn('checks', 'parallel', 'Give me an overview, quickly.')],
  badtool: [turn('checks', 'badtool', 'Use the inventory tool.')],
  denied: [turn('egress', 'denied', 'Fetch the price feed from blocked.example.com and compare it with the docs.')],
  memory: [turn('memory', 'memory', 'What is my favourite colour? Use it for the logo, and remember that.')],
  subagents: [turn('team', 'subagents', 'Have two helpers review the project.'), { sleep: 12000 }],
  loop: [turn('loop', 'loop', 'Wait for the build.')],
  retry: [turn('retry', 'retry', 'Try the flaky service.'), turn('retry', 'retry429', 'Again please.')],
  storm: [turn('storm', 'storm', 'Ask the broken service.', { timeoutMs: 120000 })],
  err400: [turn('badrequest', 'err400', 'Send the malformed request.')],
  cut: [turn('cut', 'cut', 'Tell me a short story.'), turn('cut', 'length', 'Tell me a long story.')],
  abort: [
    turn('abort-stream', 'slow', 'Write 400 words.', { wait: false }),
    { sleep: 4000 },
    { rpc: 'sessions.abort', params: { key: 'agent:main:abort-stream' } },
    { sleep: 1500 },
    turn('abort-tool', 'slowexec', 'Build everything.', { wait: false }),
    { sleep: 4000 },
    { rpc: 'sessions.abort', params: { key: 'agent:main:abort-tool' } },
    { sleep: 1500 },
  ],
  compaction: [
    turn('history', 'hello', 'Remember that the shop opens at nine.', SMALL),
    turn('history', 'filler', 'What changed in the cart?', SMALL),
    turn('history', 'big', 'Tell me everything about the prices.', SMALL),
    { sleep: 1500 },
    turn('history', 'hello', 'When does the shop open?', SMALL),
    turn('history2', 'filler', 'What changed in the cart?'),
    turn('history2', 'big', 'Tell me more.'),
    { rpc: 'sessions.compact', params: { key: 'agent:main:history2' }, optional: true },
    turn('history2', 'hello', 'Thanks.'),
  ],
  background: [turn('background', 'background', 'Start the watcher and tell me when it is done.'), { sleep: 2500 }],
  skill: [turn('release', 'skill', 'Write the release notes.')],
  mcp: [turn('tools', 'mcp', 'How far is 42 km in miles, and what is the euro rate?')],
  plugin: [turn('tools', 'plugin', 'Close ticket SHOP-17 if it is fixed.')],
  toolsearch: [turn('tools', 'toolsearch', 'Is there a tool for tickets?')],
  status: [turn('tools', 'status', 'Which sessions are open?')],
  cron: [
    {
      rpc: 'cron.add',
      params: {
        name: 'nightly-check',
        schedule: { kind: 'every', everyMs: 86400000 },
        sessionTarget: 'isolated',
        wakeMode: 'now',
        payload: { kind: 'agentTurn', message: 'Nightly check of the TODO list. [[scenario:cron]]' },
        delivery: { mode: 'none' },
      },
      as: 'job',
    },
    { rpc: 'cron.run', params: { id: '$job.id', mode: 'force' } },
    { sleep: 5000 },
  ],
  heartbeat: [{ rpc: 'wake', params: { mode: 'now', text: 'Look at the TODO list.' } }, { sleep: 4000 }],
  lifecycle: [
    turn('temp', 'hello', 'A question for later deletion.'),
    turn('notes', 'hello', 'A first note.'),
    { rpc: 'sessions.reset', params: { key: 'agent:main:notes' } },
    turn('notes', 'filler', 'A fresh start.'),
    { sleep: 3000 },
    { rpc: 'sessions.create', params: { key: 'agent:main:notes-fork', parentSessionKey: 'agent:main:notes', fork: true }, optional: true },
    turn('notes-fork', 'hello', 'In the fork.'),
    { rpc: 'sessions.delete', params: { key: 'agent:main:temp' } },
  ],
  hostile: [
    turn('hostile', 'hostile', 'Show me <b>everything</b> <script>alert(0)</script> [x](command:evil) \u202Eabc'),
    turn('hostile-long', 'hostilelong', 'One very long line, please.'),
  ],
  long: [turn('long', 'long', 'Check all 300 items.', { ...ULTRA, timeoutMs: 300000 })],
  overflow: [turn('overflow', 'overflow', 'Read all the pages.', { ...SMALL, timeoutMs: 180000 })],
  cli: [
    {
      cli: [
        'agent',
        '--agent',
        'main',
        '--session-id',
        'cli-session',
        '--message',
        'Hello from the command line. [[scenario:hello]]',
        '--json',
      ],
    },
  ],
};
// Order of "all": err400 and storm last (OpenClaw cools a failing provider down for a while).
export const all = [
  'hello',
  'coding',
  'failexec',
  'missingfile',
  'editmiss',
  'parallel',
  'badtool',
  'denied',
  'memory',
  'subagents',
  'loop',
  'background',
  'skill',
  'mcp',
  'plugin',
  'toolsearch',
  'status',
  'cron',
  'heartbeat',
  'abort',
  'compaction',
  'lifecycle',
  'hostile',
  'overflow',
  'long',
  'cli',
  'retry',
  'cut',
  'err400',
  'storm',
];
