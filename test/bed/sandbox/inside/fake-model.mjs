// Scripted model server on loopback: POST …/chat/completions (streaming and not), …/messages (Anthropic), …/embeddings, GET …/models.
// usage: node fake-model.mjs <port>      scripts: scenarios.mjs, plus scenarios.extra.mjs next to it when present
import http from 'node:http';
import fs from 'node:fs';
import crypto from 'node:crypto';
const base = await import('./scenarios.mjs');
const extraUrl = new URL('./scenarios.extra.mjs', import.meta.url);
const extra = fs.existsSync(extraUrl) ? await import(extraUrl) : {};
const S = { ...base.scripts, ...(extra.scripts ?? {}) };
const PORT = Number(process.argv[2] || 18990);
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
let reqNo = 0;
const counters = {};
const salt = crypto.randomBytes(3).toString('hex'); // call ids stay unique over restarts
const txt = (c) =>
  typeof c === 'string'
    ? c
    : Array.isArray(c)
      ? c
          .map((p) => p.text ?? (typeof p.content === 'string' ? p.content : Array.isArray(p.content) ? txt(p.content) : '') ?? '')
          .join('\n')
      : '';
const TAG = /\[\[scenario:([A-Za-z0-9_]+)(?:#([A-Za-z0-9]+))?\]\]/g;
const SUMMARY =
  "## Goal\nKeep the shop's pricing code correct.\n\n## Constraints & Preferences\n- short diffs\n\n## Progress\n### Done\n- [x] looked at the cart\n\n## Key Decisions\n- **Opening time**: nine o'clock\n\n## Next Steps\n1. Continue\n\n## Critical Context\n- project/pricing/cart.py holds the totals\n\n## Decisions\n- none\n\n## Open TODOs\n- none\n\n## Constraints/Rules\n- none\n\n## Pending user asks\n- none\n\n## Exact identifiers\n- project/pricing/cart.py\n";

function pick(messages, system) {
  const one = (name, s) => ({ name, tag: name, step: 0, s });
  const lastUser = messages.findLast((m) => m.role === 'user')?.text ?? '';
  if (
    (/summar(y|ize|ization)/i.test(system) && /conversation/i.test(system) && !/You are a personal assistant/i.test(system)) ||
    /<conversation>/.test(lastUser)
  )
    return one('compaction-summary', { text: extra.summary ?? SUMMARY });
  // scripts named child* belong to sub-agents: the parent's context also quotes their task text, so ask for the task marker
  const tagOf = (t) => [...t.matchAll(TAG)].filter((m) => !m[1].startsWith('child') || t.includes('[Subagent Task]')).pop();
  // A new turn without a tag (heartbeat, sub-agent completion, …): the user messages at the end, right after an answer.
  let k = messages.length;
  while (k > 0 && messages[k - 1].role === 'user') k--;
  const tail = messages
    .slice(k)
    .map((m) => m.text)
    .join('\n');
  if (k < messages.length && (k === 0 || ['assistant', 'system', 'developer'].includes(messages[k - 1].role)) && !tagOf(tail)) {
    if (/background task completed|subagent_completion|Internal task completion event|\[Subagent Context\]/i.test(tail))
      return one('announce', S.announce[0]);
    if (/memory flush|Pre-compaction/i.test(tail)) return one('memory-flush', { text: 'NO_REPLY' });
    if (/heartbeat/i.test(tail)) return one('heartbeat', S.heartbeat[0]);
    if (/exec completion|Exec completed|async command/i.test(tail))
      return one('exec-completion', { text: 'Noted: the background command has ended.' });
    return one('default', { text: 'Understood.' });
  }
  let idx = -1,
    name = null,
    tag = null;
  for (let i = messages.length - 1; i >= 0; i--)
    if (messages[i].role === 'user') {
      const m = tagOf(messages[i].text);
      if (m) {
        idx = i;
        name = m[1];
        tag = m[0];
        break;
      }
    }
  // the same tagged message can appear more than once in a request (a sub-agent's task is repeated): count from the first one
  for (let i = idx - 1; i >= 0 && name; i--)
    if (messages[i].role === 'user') {
      const m = tagOf(messages[i].text);
      if (m?.[0] === tag) idx = i;
    }
  if (!name) return /heartbeat/i.test(lastUser) ? one('heartbeat', S.heartbeat[0]) : one('default', { text: 'Understood.' });
  const arr = S[name] ?? S.hello;
  let step = messages.slice(idx + 1).filter((m) => m.role === 'assistant').length;
  // "sequential" scripts go on where they were after a compaction dropped the earlier answers from the request
  if ((extra.sequential ?? base.sequential).includes(name)) {
    const k = `seq:${tag}`;
    step = counters[k] ?? 0;
    counters[k] = step + 1;
  }
  return { name, tag, step, s: arr[Math.min(step, arr.length - 1)] };
}
function usageFor(s, bodyLen) {
  if (s.usage) return { reason: 0, ...s.usage };
  const inTok = Math.ceil(bodyLen / 4),
    cr = Math.floor((inTok * 0.75) / 64) * 64,
    cw = 128;
  return {
    in: Math.max(1, inTok - cr - cw),
    out: 20 + Math.ceil(((s.text || '').length + (s.think || '').length + JSON.stringify(s.calls || []).length) / 4),
    cr,
    cw,
    reason: Math.ceil((s.think || '').length / 4),
  };
}
function chunks(t, n = 12) {
  const o = [];
  for (let i = 0; i < t.length; i += n) o.push(t.slice(i, i + n));
  return o;
}
const clean = (o) => JSON.parse(JSON.stringify(o));
// With Tool Search the request offers tool_call instead of the tool itself: wrap the call as a real model would.
const adapt = (s, names) =>
  !s.calls || !names.length
    ? s
    : {
        ...s,
        calls: s.calls.map((c) =>
          names.includes(c.name) || c.raw || !names.includes('tool_call')
            ? c
            : { name: 'tool_call', args: { id: c.name, args: clean(c.args) } },
        ),
      };
const latency = (name, step) => 120 + (parseInt(crypto.createHash('md5').update(`${name}:${step}`).digest('hex').slice(0, 6), 16) % 380);
const json = (res, code, obj, headers = {}) => {
  res.writeHead(code, { 'content-type': 'application/json', ...headers });
  res.end(JSON.stringify(obj));
};
const log = (o) => console.log(JSON.stringify({ ts: new Date().toISOString(), n: reqNo, ...o }));
async function fail(p, res, anth) {
  const wrap = (b) => (anth ? { type: 'error', error: b.error } : b),
    s = p.s;
  if (s.transient) {
    const k = `t:${p.tag}:${p.step}`;
    counters[k] = (counters[k] || 0) + 1;
    if (counters[k] <= s.transient.n) {
      await sleep(80);
      json(res, s.transient.status, wrap(s.transient.body), s.transient.headers);
      return true;
    }
  }
  if (s.status) {
    await sleep(80);
    json(res, s.status, wrap(s.body));
    return true;
  }
  return false;
}
const cutNow = (p) => {
  const k = `cut:${p.tag}`;
  counters[k] = (counters[k] || 0) + 1;
  return counters[k] <= (p.s.transientCut ?? 1e9);
};

async function openai(body, raw, res) {
  const msgs = (body.messages || []).map((m) => ({ role: m.role, text: txt(m.content) }));
  const p = pick(
    msgs,
    msgs
      .filter((m) => m.role === 'system' || m.role === 'developer')
      .map((m) => m.text)
      .join('\n'),
  );
  const s = (p.s = adapt(
      p.s,
      (body.tools || []).map((t) => t.function?.name ?? t.name),
    )),
    u = usageFor(s, raw.length),
    n = reqNo;
  log({
    api: 'openai-completions',
    model: body.model,
    scenario: p.name,
    step: p.step,
    tools: body.tools?.length,
    msgs: msgs.length,
    stream: !!body.stream,
    reasoning: body.reasoning_effort ?? body.thinking ?? null,
  });
  if (await fail(p, res)) return;
  const id = `chatcmpl-${salt}-${n}`,
    created = Math.floor(Date.now() / 1000);
  const usage = {
    prompt_tokens: u.in + u.cr + u.cw,
    completion_tokens: u.out,
    total_tokens: u.in + u.cr + u.cw + u.out,
    prompt_tokens_details: { cached_tokens: u.cr, cache_write_tokens: u.cw },
    completion_tokens_details: { reasoning_tokens: u.reason },
  };
  const finish = s.stop === 'length' ? 'length' : s.calls ? 'tool_calls' : 'stop';
  const calls = (s.calls || []).map((c, i) => ({
    index: i,
    id: `call_${salt}${n}_${i}`,
    type: 'function',
    function: { name: c.name, arguments: JSON.stringify(clean(c.args)) },
  }));
  await sleep(s.delayMs ?? latency(p.name, p.step));
  if (!body.stream)
    return json(res, 200, {
      id,
      object: 'chat.completion',
      created,
      model: body.model,
      choices: [
        {
          index: 0,
          finish_reason: finish,
          message: {
            role: 'assistant',
            content: s.text || null,
            reasoning_content: s.think,
            ...(calls.length ? { tool_calls: calls } : {}),
          },
        },
      ],
      usage,
    });
  res.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': `req_${salt}_${n}` });
  const ev = (o) => res.write(`data: ${JSON.stringify({ id, object: 'chat.completion.chunk', created, model: body.model, ...o })}\n\n`);
  const send = (delta, extra = {}) => ev({ choices: [{ index: 0, delta, finish_reason: null, ...extra }] });
  send({ role: 'assistant', content: '' });
  for (const c of chunks(s.think || '')) {
    send({ reasoning_content: c });
    await sleep(s.chunkDelay ?? 4);
    if (res.destroyed) return;
  }
  for (const c of chunks(s.text || '', s.chunk)) {
    send({ content: c });
    await sleep(s.chunkDelay ?? 4);
    if (res.destroyed) return;
  }
  if (s.cut && cutNow(p)) return res.socket.destroy();
  for (const tc of calls) {
    send({ tool_calls: [{ index: tc.index, id: tc.id, type: 'function', function: { name: tc.function.name, arguments: '' } }] });
    for (const c of chunks(tc.function.arguments, tc.function.arguments.length > 4000 ? 8192 : 40)) {
      send({ tool_calls: [{ index: tc.index, function: { arguments: c } }] });
      await sleep(2);
    }
  }
  send({}, { finish_reason: finish });
  ev({ choices: [], usage });
  res.end('data: [DONE]\n\n');
}
async function anthropic(body, raw, res) {
  const msgs = (body.messages || []).map((m) => ({
    role: Array.isArray(m.content) && m.content.every((c) => c.type === 'tool_result') ? 'tool' : m.role,
    text: txt(m.content),
  }));
  const p = pick(msgs, txt(body.system)),
    s = (p.s = adapt(
      p.s,
      (body.tools || []).map((t) => t.name),
    )),
    u = usageFor(s, raw.length),
    n = reqNo;
  log({ api: 'anthropic-messages', model: body.model, scenario: p.name, step: p.step, msgs: msgs.length });
  if (await fail(p, res, true)) return;
  res.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': `req_${salt}_${n}` });
  const ev = (type, data) => res.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  await sleep(s.delayMs ?? latency(p.name, p.step));
  ev('message_start', {
    message: {
      id: `msg_${salt}_${n}`,
      type: 'message',
      role: 'assistant',
      model: body.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: u.in, cache_read_input_tokens: u.cr, cache_creation_input_tokens: u.cw, output_tokens: 1 },
    },
  });
  let i = 0;
  if (s.think && body.thinking && body.thinking.type !== 'disabled') {
    ev('content_block_start', { index: i, content_block: { type: 'thinking', thinking: '', signature: '' } });
    for (const c of chunks(s.think)) {
      ev('content_block_delta', { index: i, delta: { type: 'thinking_delta', thinking: c } });
      await sleep(4);
    }
    ev('content_block_delta', {
      index: i,
      delta: { type: 'signature_delta', signature: Buffer.from(`signature-${n}`).toString('base64') },
    });
    ev('content_block_stop', { index: i++ });
  }
  if (s.text) {
    ev('content_block_start', { index: i, content_block: { type: 'text', text: '' } });
    for (const c of chunks(s.text, s.chunk)) {
      ev('content_block_delta', { index: i, delta: { type: 'text_delta', text: c } });
      await sleep(s.chunkDelay ?? 4);
      if (res.destroyed) return;
    }
    if (s.cut && cutNow(p)) return res.socket.destroy();
    ev('content_block_stop', { index: i++ });
  }
  for (const c of s.calls || []) {
    ev('content_block_start', { index: i, content_block: { type: 'tool_use', id: `toolu_${salt}${n}_${i}`, name: c.name, input: {} } });
    for (const x of chunks(JSON.stringify(clean(c.args)), 400)) {
      ev('content_block_delta', { index: i, delta: { type: 'input_json_delta', partial_json: x } });
      await sleep(2);
    }
    ev('content_block_stop', { index: i++ });
  }
  ev('message_delta', {
    delta: { stop_reason: s.stop === 'length' ? 'max_tokens' : s.calls ? 'tool_use' : 'end_turn', stop_sequence: null },
    usage: { output_tokens: u.out },
  });
  ev('message_stop', {});
  res.end();
}
http
  .createServer((req, res) => {
    const bufs = [];
    req.on('data', (d) => bufs.push(d));
    req.on('end', async () => {
      const buf = Buffer.concat(bufs),
        url = req.url.split('?')[0];
      try {
        if (url.endsWith('/models'))
          return json(res, 200, { object: 'list', data: [{ id: 'nvidia/nemotron-3-super-120b-a12b', object: 'model' }] });
        const body = buf.length ? JSON.parse(buf.toString('utf8')) : {};
        reqNo++;
        if (url.endsWith('/chat/completions')) return await openai(body, buf, res);
        if (url.endsWith('/messages')) return await anthropic(body, buf, res);
        if (url.endsWith('/embeddings')) {
          const arr = Array.isArray(body.input) ? body.input : [body.input];
          log({ api: 'embeddings', inputs: arr.length });
          const vec = (t) => {
            const v = new Array(64).fill(0);
            for (const w of String(t)
              .toLowerCase()
              .match(/[a-z]+/g) || []) {
              let h = 7;
              for (const c of w) h = (h * 31 + c.charCodeAt(0)) >>> 0;
              v[h % 64] += 1;
            }
            const n = Math.hypot(...v) || 1;
            return v.map((x) => x / n);
          };
          return json(res, 200, {
            object: 'list',
            model: body.model,
            data: arr.map((t, i) => ({ object: 'embedding', index: i, embedding: vec(t) })),
            usage: { prompt_tokens: 5, total_tokens: 5 },
          });
        }
        json(res, 404, { error: { message: 'not found' } });
      } catch (e) {
        console.error(e);
        try {
          json(res, 500, { error: { message: String(e) } });
        } catch {
          /* best effort */
        }
      }
    });
  })
  .listen(PORT, '127.0.0.1', () => console.log('model server on 127.0.0.1:' + PORT));
