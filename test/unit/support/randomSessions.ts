/**
 * Agents with sessions as they may come to be: forked from one another, rewound, with calls that were tried again or written again after a
 * compaction, spawned by others, and kept twice. What they must come to is counted here by itself: each LLM call once, whoever has it.
 */
import type { SourceRecord } from '../../../server/src/attach/record';
import type { UsageTotals } from '../../../server/src/protocol/document';

export interface RandomAgent {
  readonly records: readonly SourceRecord[];
  readonly sessions: number;
  readonly calls: number;
  /** Of what a price was reported; the rest is unpriced. */
  readonly pricedCalls: number;
  readonly usage: Omit<UsageTotals, 'reasoning'>;
  /** Picodollars. */
  readonly pico: number;
}

/** A number from 0 to 1 (exclusive), the same ones for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const result = [...items];
  for (let at = result.length - 1; at > 0; at--) {
    const other = Math.floor(random() * (at + 1));
    [result[at], result[other]] = [result[other] as T, result[at] as T];
  }
  return result;
}

const models = ['fake/large', 'nemotron', 'gpt-5.4'];
const t0 = Date.UTC(2026, 8, 1);

interface Line {
  readonly id: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** `sessions`: how many the agent has. */
export function randomAgent(seed: number, sessions: number): RandomAgent {
  const random = randomOf(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const chance = (part: number): boolean => random() < part;
  const name = (kind: string): string => `${kind}-${seed}-${below(2 ** 31).toString(36)}-${below(2 ** 31).toString(36)}`;
  const records: SourceRecord[] = [];
  const usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  let calls = 0;
  let pricedCalls = 0;
  let pico = 0;
  let clock = t0 + below(40) * 86_400_000 + seed * 1000;
  const tick = (): number => (clock += 500 + below(4000));
  const ids: string[] = [];
  const transcripts = new Map<string, Line[]>();
  const keys = new Map<string, string>();

  const message = (parent: string | null, body: Readonly<Record<string, unknown>>): Line => {
    const time = tick();
    const id = name('e');
    return {
      id,
      json: { type: 'message', id, parentId: parent, timestamp: new Date(time).toISOString(), message: { timestamp: time - 400, ...body } },
    };
  };
  const assistant = (parent: string | null, more: Readonly<Record<string, unknown>> = {}): Line => {
    const failed = more['stopReason'] === 'error';
    const counts = failed
      ? { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
      : { input: below(5000), output: 1 + below(500), cacheRead: below(20_000), cacheWrite: below(300) };
    const micro = failed || chance(0.3) ? 0 : 1 + below(200_000);
    calls += 1;
    if (micro > 0) pricedCalls += 1;
    pico += micro * 1_000_000;
    for (const kind of ['input', 'output', 'cacheRead', 'cacheWrite'] as const) usage[kind] += counts[kind];
    return message(parent, {
      role: 'assistant',
      api: 'openai-completions',
      provider: 'inference',
      model: models[below(models.length)],
      content: [{ type: 'text', text: 'ok' }],
      usage: { ...counts, cost: { total: micro / 1e6 } },
      stopReason: 'stop',
      responseId: name('r'),
      ...more,
    });
  };

  /** Some turns more at the end of a session. */
  const goOn = (session: string): void => {
    const lines = transcripts.get(session) ?? [];
    transcripts.set(session, lines);
    let last = lines.at(-1)?.id ?? null;
    const add = (line: Line): void => {
      lines.push(line);
      last = line.id;
    };
    for (let turn = below(3); turn >= 0; turn--) {
      // A rewind: it goes on from an earlier entry, and what came after that is left behind.
      if (lines.length > 2 && chance(0.2)) last = lines[below(lines.length)]?.id ?? last;
      add(message(last, { role: 'user', content: [{ type: 'text', text: chance(0.1) ? '[OpenClaw heartbeat poll]' : 'do it' }] }));
      if (chance(0.15)) add(assistant(last, { stopReason: 'error', errorMessage: '429 slow down', content: [] }));
      if (chance(0.4)) {
        const call = name('call');
        add(
          assistant(last, { stopReason: 'toolUse', content: [{ type: 'toolCall', id: call, name: 'read', arguments: { path: 'a.txt' } }] }),
        );
        if (chance(0.8))
          add(
            message(last, {
              role: 'toolResult',
              toolCallId: call,
              toolName: 'read',
              content: [{ type: 'text', text: 'a' }],
              isError: chance(0.2),
            }),
          );
      }
      const reply = assistant(last);
      add(reply);
      if (chance(0.15)) {
        // A compaction in mid-turn, after which the same message is written again under a new id.
        const id = name('c');
        add({
          id,
          json: { type: 'compaction', id, parentId: last, timestamp: new Date(tick()).toISOString(), summary: 's', tokensBefore: 9 },
        });
        const again = name('e');
        add({ id: again, json: { ...reply.json, id: again, parentId: last } });
      }
    }
  };

  for (let count = 0; count < sessions; count++) {
    const id = name('s');
    const key = `agent:main:${name('k')}`;
    const created = tick();
    const before = ids.length > 0 && chance(0.4) ? (ids[below(ids.length)] ?? null) : null;
    const header = {
      type: 'session',
      version: 3,
      id,
      timestamp: new Date(created).toISOString(),
      cwd: '/w',
      ...(before === null ? {} : { parentSession: before }),
    };
    const copied = before === null ? [] : (transcripts.get(before) ?? []);
    transcripts.set(id, copied.slice(0, below(copied.length + 1)));
    const spawner = before === null && ids.length > 0 && chance(0.3) ? (ids[below(ids.length)] ?? null) : null;
    goOn(id);
    if (spawner !== null) {
      const lines = transcripts.get(spawner) ?? [];
      const call = name('call');
      const asking = assistant(lines.at(-1)?.id ?? null, {
        stopReason: 'toolUse',
        content: [{ type: 'toolCall', id: call, name: 'sessions_spawn', arguments: { task: 't' } }],
      });
      const details = { status: 'accepted', childSessionKey: key, runId: name('run') };
      lines.push(
        asking,
        message(asking.id, {
          role: 'toolResult',
          toolCallId: call,
          toolName: 'sessions_spawn',
          content: [{ type: 'text', text: '{}' }],
          details,
          isError: false,
        }),
      );
    }
    ids.push(id);
    keys.set(id, key);
    records.push({
      kind: 'index',
      agent: 'main',
      text: JSON.stringify({
        sessionKey: key,
        sessionId: id,
        updatedAt: clock,
        ...(spawner === null ? {} : { spawnedBy: keys.get(spawner) }),
      }),
    });
    records.push(transcript(id, 'live', 0, header));
  }
  for (const [id, lines] of transcripts)
    for (const [at, line] of lines.entries()) {
      records.push(transcript(id, 'live', at + 1, line.json));
      // A copy in an archive of the same session.
      if (seed % 3 === 0) records.push(transcript(id, 'archived', at + 1, line.json));
    }
  return { records, sessions: ids.length, calls, pricedCalls, usage, pico };
}

function transcript(session: string, state: 'live' | 'archived', ordinal: number, json: object): SourceRecord {
  const file = `agents/main/sessions/${session}.jsonl${state === 'live' ? '' : '.bak.1'}`;
  return { kind: 'transcript', agent: 'main', session, state, file, ordinal, text: JSON.stringify(json) };
}
