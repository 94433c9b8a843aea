// The tool calls and results of every session of a state directory, both kinds of store, in the order in which they were made. Knows
// no more of OpenClaw's records than this needs.
import fs from 'node:fs';
import path from 'node:path';

/** key -> { id, calls: [{ id, name, args, wrapped }], results: Map(call id -> { text, failed }) } */
export function transcriptsOf(stateDir) {
  const main = path.join(stateDir, 'agents/main');
  const index = path.join(main, 'sessions/sessions.json');
  const made = new Map();
  if (fs.existsSync(index)) {
    for (const [key, row] of Object.entries(JSON.parse(fs.readFileSync(index, 'utf8')))) {
      const file = path.join(main, 'sessions', `${row.sessionId}.jsonl`);
      if (fs.existsSync(file))
        made.set(
          key,
          read(
            row.sessionId,
            fs
              .readFileSync(file, 'utf8')
              .split('\n')
              .filter(Boolean)
              .map((line) => JSON.parse(line)),
          ),
        );
    }
    return made;
  }
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite');
  const db = new DatabaseSync(path.join(main, 'agent/openclaw-agent.sqlite'), { readOnly: true });
  const keys = new Map(
    db
      .prepare('select session_key, current_session_id from session_nodes')
      .all()
      .map((row) => [row.current_session_id, row.session_key]),
  );
  const rows = Map.groupBy(
    db.prepare('select session_id, event_json from transcript_events order by session_id, seq').all(),
    (row) => row.session_id,
  );
  db.close();
  for (const [id, list] of rows)
    if (keys.has(id))
      made.set(
        keys.get(id),
        read(
          id,
          list.map((row) => JSON.parse(row.event_json)),
        ),
      );
  return made;
}

function read(id, entries) {
  const calls = [],
    results = new Map();
  for (const { type, message } of entries) {
    if (type !== 'message') continue;
    if (message.role === 'assistant')
      for (const part of message.content ?? []) {
        if (part.type !== 'toolCall') continue;
        const wrapped = part.name === 'tool_call' && part.arguments?.id !== undefined;
        calls.push({
          id: part.id,
          name: wrapped ? part.arguments.id : part.name,
          args: wrapped ? part.arguments.args : part.arguments,
          wrapped,
        });
      }
    if (message.role === 'toolResult') results.set(message.toolCallId, outcome(message));
  }
  return { id, calls, results };
}

const textOf = (content) => (content ?? []).map((part) => part.text ?? '').join('\n');
function outcome(message) {
  let inner = message.toolName === 'tool_call' ? message.details?.result : undefined;
  // Large details are not kept: then the whole stands in the text only.
  if (message.toolName === 'tool_call' && !inner && message.isError !== true) {
    try {
      inner = JSON.parse(textOf(message.content)).result;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  const details = inner?.details ?? message.details;
  const text = inner ? textOf(inner.content) : textOf(message.content);
  return {
    text,
    failed: message.isError === true || details?.status === 'error' || (typeof details?.exitCode === 'number' && details.exitCode !== 0),
  };
}
