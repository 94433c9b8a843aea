/** A transcript as OpenClaw writes it: turns of edits and test runs, all of them on one file. */
export const started = Date.UTC(2026, 10, 20);

export interface Transcript {
  /** One record a line, the header first. */
  readonly lines: readonly string[];
  /** The lines of so many calls more, after those. */
  more(calls: number): readonly string[];
}

export function transcript(sessionId: string, calls: number, callsPerTurn: number): Transcript {
  let lines: string[] = [];
  let count = 0;
  let next = 0;
  let parentId: string | null = null;
  const write = (json: object): void => {
    count += 1;
    lines.push(JSON.stringify(json));
  };
  const add = (time: number, message: object): void => {
    const id = (count + 1).toString(16).padStart(8, '0');
    write({ type: 'message', id, parentId, timestamp: new Date(time).toISOString(), message });
    parentId = id;
  };
  const usage = { input: 100, output: 10, cacheRead: 5, cacheWrite: 0, cost: { total: 0.001 } };
  const model = { api: 'openai-completions', provider: 'inference', model: 'm', usage };
  const more = (wanted: number): readonly string[] => {
    lines = [];
    for (const end = next + wanted; next < end; next++) {
      const time = started + next * 1000;
      if (next % callsPerTurn === 0) add(time - 500, { role: 'user', content: `go on ${next}`, timestamp: time - 510 });
      const edit = next % 5 === 0;
      const args = edit
        ? { path: 'src/calc.py', edits: [{ oldText: 'a', newText: `b${next}` }] }
        : { command: `pytest -q tests/test_${next % 7}.py` };
      const call = { type: 'toolCall', id: `call_${next}`, name: edit ? 'edit' : 'exec', arguments: args };
      add(time, {
        role: 'assistant',
        ...model,
        content: [{ type: 'text', text: `step ${next}` }, call],
        stopReason: 'toolUse',
        timestamp: time - 300,
        responseId: `r${next}`,
      });
      add(time + 200, {
        role: 'toolResult',
        toolCallId: call.id,
        toolName: call.name,
        content: [{ type: 'text', text: `File "src/calc.py", line 3\n${'x'.repeat(500)}` }],
        details: edit ? { firstChangedLine: 3 } : { exitCode: next % 50 === 1 ? 1 : 0, durationMs: 150 },
        isError: false,
        timestamp: time + 199,
      });
      if (next % callsPerTurn === callsPerTurn - 1) {
        const content = [{ type: 'text', text: 'done' }];
        add(time + 600, { role: 'assistant', ...model, content, stopReason: 'stop', timestamp: time + 300, responseId: `f${next}` });
      }
    }
    return lines;
  };
  write({ type: 'session', version: 3, id: sessionId, timestamp: new Date(started).toISOString(), cwd: '/sandbox/.openclaw/workspace' });
  const header = lines;
  return { lines: [...header, ...more(calls)], more };
}
