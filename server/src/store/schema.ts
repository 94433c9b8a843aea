/**
 * The store's schema. A change of it is a new step at the end; a step that was released is never edited. One that has sessions folded
 * again says so by `UPDATE session SET dirty = 1`: see folding.ts.
 */

/** Within a trigger: an LLM call is no part of its sum any more. */
const takenFromSpend = `UPDATE spend SET calls = calls - 1, input = input - OLD.input, output = output - OLD.output,
    cache_read = cache_read - OLD.cache_read, cache_write = cache_write - OLD.cache_write, reasoning = reasoning - coalesce(OLD.reasoning, 0),
    reasoned = reasoned - (OLD.reasoning IS NOT NULL), micro = micro - coalesce(OLD.pico, 0) / 1000000,
    pico = pico - coalesce(OLD.pico, 0) % 1000000, cut = cut - OLD.cut
   WHERE session = OLD.session AND slot = OLD.slot AND model = OLD.model AND trigger = OLD.trigger AND basis = OLD.basis;
  DELETE FROM spend WHERE session = OLD.session AND slot = OLD.slot AND model = OLD.model AND trigger = OLD.trigger AND basis = OLD.basis
    AND calls = 0;`;
/** And one is a part of its sum from now on. */
const addedToSpend = `INSERT INTO spend(session, slot, model, trigger, basis, calls, input, output, cache_read, cache_write, reasoning, reasoned, micro, pico, cut)
  VALUES (NEW.session, NEW.slot, NEW.model, NEW.trigger, NEW.basis, 1, NEW.input, NEW.output, NEW.cache_read, NEW.cache_write,
    coalesce(NEW.reasoning, 0), NEW.reasoning IS NOT NULL, coalesce(NEW.pico, 0) / 1000000, coalesce(NEW.pico, 0) % 1000000, NEW.cut)
  ON CONFLICT(session, slot, model, trigger, basis) DO UPDATE SET calls = calls + 1, input = input + excluded.input,
    output = output + excluded.output, cache_read = cache_read + excluded.cache_read, cache_write = cache_write + excluded.cache_write,
    reasoning = reasoning + excluded.reasoning, reasoned = reasoned + excluded.reasoned, micro = micro + excluded.micro,
    pico = pico + excluded.pico, cut = cut + excluded.cut;`;

export const migrations: readonly string[] = [
  `
CREATE TABLE meta(name TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;

-- A row is never used again: what still comes or is kept of a source or session that was removed must not fall to the next.
CREATE TABLE source(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  blind BLOB NOT NULL UNIQUE,
  body BLOB NOT NULL
) STRICT;

CREATE TABLE cursor(
  source INTEGER NOT NULL REFERENCES source(id) ON DELETE CASCADE,
  blind BLOB NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY(source, blind)
) STRICT, WITHOUT ROWID;

CREATE TABLE skipped(
  source INTEGER NOT NULL REFERENCES source(id) ON DELETE CASCADE,
  blind BLOB NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY(source, blind)
) STRICT, WITHOUT ROWID;

-- Times are epoch milliseconds. The columns after revision are what the fold made; body holds key, title and totals.
-- dirty: records came that are not folded yet.
CREATE TABLE session(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source INTEGER NOT NULL REFERENCES source(id) ON DELETE CASCADE,
  agent TEXT NOT NULL,
  session TEXT NOT NULL,
  header_time REAL,
  first_time REAL,
  key_blind BLOB,
  spawned_by_blind BLOB,
  dirty INTEGER NOT NULL DEFAULT 0,
  revision INTEGER NOT NULL DEFAULT 0,
  start REAL,
  end REAL,
  last_time REAL,
  body BLOB,
  UNIQUE(source, agent, session)
) STRICT;
CREATE INDEX session_by_key ON session(source, key_blind);
CREATE INDEX session_by_spawner ON session(source, spawned_by_blind) WHERE spawned_by_blind IS NOT NULL;
CREATE INDEX session_dirty ON session(source) WHERE dirty = 1;

CREATE TABLE file(
  session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
  blind BLOB NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY(session, blind)
) STRICT, WITHOUT ROWID;

-- kind: 0 transcript entry, 1 session index, 2 trajectory. version 0 is what was seen first; a later version is the same
-- entry come back changed. vanished: 0 there, 1 gone without a reason, 2 gone and explained by the agent's bookkeeping.
CREATE TABLE entry(
  id INTEGER PRIMARY KEY,
  session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
  kind INTEGER NOT NULL,
  entry_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  ordinal REAL NOT NULL,
  digest BLOB NOT NULL,
  file BLOB,
  call_blind BLOB,
  vanished INTEGER NOT NULL DEFAULT 0,
  raw BLOB NOT NULL,
  UNIQUE(session, kind, entry_id, version)
) STRICT;
CREATE INDEX entry_by_id ON entry(entry_id) WHERE kind = 0;
CREATE INDEX entry_by_call ON entry(call_blind) WHERE call_blind IS NOT NULL;
CREATE INDEX entry_rewritten ON entry(session) WHERE version > 0 OR vanished > 0;

-- target: same tool on the same thing; of tool calls only.
CREATE TABLE span(
  session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
  span_id TEXT NOT NULL,
  entry_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  turn_id TEXT,
  position INTEGER NOT NULL,
  depth INTEGER NOT NULL,
  start REAL,
  end REAL,
  failed INTEGER NOT NULL,
  thinking_blocks INTEGER NOT NULL,
  tokens INTEGER NOT NULL,
  cost_usd REAL,
  target BLOB,
  digest BLOB NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY(session, span_id)
) STRICT;
CREATE INDEX span_by_position ON span(session, position);
CREATE INDEX span_by_id ON span(span_id);
CREATE INDEX span_by_target ON span(session, target, start) WHERE target IS NOT NULL;

CREATE TABLE call(
  session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
  span_id TEXT NOT NULL,
  start REAL,
  end REAL,
  body BLOB NOT NULL,
  PRIMARY KEY(session, span_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX call_by_end ON call(end);

CREATE TABLE spawn(
  session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
  span_id TEXT NOT NULL,
  child_blind BLOB NOT NULL,
  PRIMARY KEY(session, span_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX spawn_by_child ON spawn(child_blind);

-- Which call touched which path and when; base_blind is the path's last part, to find a file of the workspace by its name.
-- writes: the call changed the file, and it worked.
CREATE TABLE touch(
  session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
  span_id TEXT NOT NULL,
  path_blind BLOB NOT NULL,
  base_blind BLOB NOT NULL,
  start REAL,
  writes INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY(session, span_id, path_blind)
) STRICT, WITHOUT ROWID;
CREATE INDEX touch_by_path ON touch(path_blind, start);
CREATE INDEX touch_by_base ON touch(base_blind, path_blind);

CREATE TABLE policy(
  source INTEGER NOT NULL REFERENCES source(id) ON DELETE CASCADE,
  policy_id TEXT NOT NULL,
  time REAL NOT NULL,
  ordinal INTEGER NOT NULL,
  text_blind BLOB NOT NULL,
  action TEXT,
  pid INTEGER,
  call_id TEXT,
  turn_id TEXT,
  candidates INTEGER NOT NULL DEFAULT 0,
  body BLOB NOT NULL,
  PRIMARY KEY(source, policy_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX policy_by_time ON policy(source, time);
CREATE INDEX policy_by_pid ON policy(source, pid) WHERE pid IS NOT NULL;
CREATE INDEX policy_by_call ON policy(call_id) WHERE call_id IS NOT NULL;
`,
  `
-- What a sandbox used, by its engine's counters. Times are epoch milliseconds, memory bytes; no limit is set where that is null.
CREATE TABLE resource(
  source INTEGER NOT NULL REFERENCES source(id) ON DELETE CASCADE,
  time REAL NOT NULL,
  cpu_cores REAL NOT NULL,
  memory REAL NOT NULL,
  memory_limit REAL,
  PRIMARY KEY(source, time)
) STRICT, WITHOUT ROWID;
`,
  `
-- What several windows of an editor share. state: how far the reading of a source is, told by the one process that reads;
-- sandbox: what is needed to list it when it is not there any more.
ALTER TABLE source ADD COLUMN state BLOB;
ALTER TABLE source ADD COLUMN sandbox BLOB;

-- Windows that live, with what each wants read. beat counts up while it lives; pid has a meaning on its own machine only.
CREATE TABLE window(
  id TEXT PRIMARY KEY,
  pid INTEGER NOT NULL,
  beat INTEGER NOT NULL DEFAULT 0,
  body BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Sources that a person detached from, in whatever window, and attached to in none since.
CREATE TABLE detached(blind BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT;

-- What one window tells the others, newest last; the oldest are removed.
CREATE TABLE notice(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  window TEXT NOT NULL,
  body BLOB NOT NULL
) STRICT;
`,
  `
-- A span's place is bytes that sort, so that a new span moves no other. What was folded is folded again, to get its own.
DROP INDEX span_by_position;
ALTER TABLE span ADD COLUMN place BLOB NOT NULL DEFAULT x'';
UPDATE span SET place = unhex(printf('%016x', position));
ALTER TABLE span DROP COLUMN position;
CREATE INDEX span_by_place ON span(session, place);
UPDATE session SET dirty = 1 WHERE body IS NOT NULL;

-- The first and the last time of a process are found without a look at all its events; so is a key's session of some time.
DROP INDEX policy_by_pid;
CREATE INDEX policy_by_pid ON policy(source, pid, time) WHERE pid IS NOT NULL;
CREATE INDEX policy_laid ON policy(source, pid, time) WHERE call_id IS NOT NULL OR candidates > 0;
DROP INDEX session_by_key;
CREATE INDEX session_by_key ON session(source, key_blind, coalesce(header_time, first_time, 0), session);
`,
  `
-- key_blind: what is the same of an event by whichever way it came; ways: by which it did. null: kept by an older version.
ALTER TABLE policy ADD COLUMN key_blind BLOB;
ALTER TABLE policy ADD COLUMN ways INTEGER NOT NULL DEFAULT 0;
CREATE INDEX policy_by_key ON policy(source, key_blind, time, ways);
CREATE INDEX policy_without_key ON policy(source) WHERE key_blind IS NULL;
`,
  `
-- What was kept of OpenClaw's own log, and which sessions the runs are of that its lines name.
CREATE TABLE gateway_line(
  source INTEGER NOT NULL REFERENCES source(id) ON DELETE CASCADE,
  digest BLOB NOT NULL,
  trace_id TEXT,
  run_id TEXT,
  time REAL NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY(source, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX gateway_line_by_trace ON gateway_line(source, trace_id);
CREATE INDEX gateway_line_by_run ON gateway_line(source, run_id) WHERE run_id IS NOT NULL;
CREATE INDEX gateway_line_by_time ON gateway_line(source, time);
CREATE TABLE run(
  source INTEGER NOT NULL REFERENCES source(id) ON DELETE CASCADE,
  run_id TEXT NOT NULL,
  session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
  PRIMARY KEY(source, run_id, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_by_session ON run(session);
`,
  `
-- Which calls ran in a time is asked of one source, with each batch of its log; of those without an end there are few.
ALTER TABLE call ADD COLUMN source INTEGER NOT NULL DEFAULT 0;
UPDATE call SET source = (SELECT source FROM session WHERE id = call.session);
DROP INDEX call_by_end;
CREATE INDEX call_by_end ON call(source, end, start) WHERE end IS NOT NULL;
CREATE INDEX call_without_end ON call(source, start) WHERE end IS NULL;
-- A call that never got a result is over with its turn: where there is one, the session is folded again.
UPDATE session SET dirty = 1 WHERE body IS NOT NULL AND id IN (SELECT session FROM call WHERE end IS NULL);
`,
  `
-- One session, and those last written in, are found without a look at all of a long history.
CREATE INDEX session_by_name ON session(source, session);
CREATE INDEX session_by_last ON session(source, last_time) WHERE body IS NOT NULL;
`,
  `
-- What the detectors found in a session, as they stood after its last fold; a session without a row has none. Sessions that were
-- folded before there were detectors are folded again.
CREATE TABLE finding(
  session INTEGER PRIMARY KEY REFERENCES session(id) ON DELETE CASCADE,
  body BLOB NOT NULL
) STRICT;
UPDATE session SET dirty = 1 WHERE body IS NOT NULL;
`,
  `
-- What was denied is found without a look at all that was allowed, which is most.
CREATE INDEX policy_denied ON policy(source, time) WHERE action = 'denied';
`,
  `
-- Which calls are uses of what: a tool, an MCP server, a skill, a prompt file, by its key. how: 0 called, 1 read, 2 written.
-- duration in milliseconds, estimated: it is a difference of other times. message: the span that asked for it.
-- And which sessions had which workspace. Sessions that were folded before are folded again.
CREATE TABLE use(
  key_blind BLOB NOT NULL,
  source INTEGER NOT NULL,
  session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
  span_id TEXT NOT NULL,
  how INTEGER NOT NULL,
  start REAL,
  duration REAL,
  estimated INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  message TEXT,
  PRIMARY KEY(key_blind, source, session, span_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX use_by_span ON use(session, span_id);
ALTER TABLE session ADD COLUMN workspace_blind BLOB;
CREATE INDEX session_by_workspace ON session(source, workspace_blind) WHERE workspace_blind IS NOT NULL;
UPDATE session SET dirty = 1 WHERE body IS NOT NULL;
`,
  `
-- Files that a command names were looked for in its first 200 characters; now in all of it. Sessions are folded again for that.
UPDATE session SET dirty = 1 WHERE body IS NOT NULL;
`,
  `
-- Who opened connections lately is told without a look at what was opened: of a flood of them only the latest of each kind is read.
CREATE INDEX policy_opened ON policy(source, time, key_blind, pid, action) WHERE pid IS NOT NULL AND action IS NOT 'denied';
`,
  `
-- A window of an older version that is still open goes on folding here, and keeps nothing that came after it. All versions count a
-- fold in revision and clear dirty; what only newer ones do tells who folded. folded_revision: the revision that the fold made;
-- folded_by: how many steps of the schema whoever folded knew. folded_as: of whom the session is as it stands; 0: it is to be
-- folded, null: there was nothing to fold. Sessions that were folded before are folded again.
ALTER TABLE session ADD COLUMN folded_revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN folded_by INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN folded_as INTEGER AS
  (CASE WHEN dirty = 1 THEN 0 WHEN body IS NULL THEN NULL WHEN folded_revision <> revision THEN 0 ELSE folded_by END) VIRTUAL;
DROP INDEX session_dirty;
CREATE INDEX session_dirty ON session(source, folded_as) WHERE folded_as IS NOT NULL;
-- Such a window takes spans away, but not their uses.
CREATE TRIGGER span_gone AFTER DELETE ON span BEGIN
  DELETE FROM use WHERE session = OLD.session AND span_id = OLD.span_id;
END;
DELETE FROM use WHERE NOT EXISTS (SELECT 1 FROM span WHERE span.session = use.session AND span.span_id = use.span_id);
`,
  `
-- Whose tool was called, where the call tells: plugins have tools of the same name. Sessions that were folded before are folded again.
ALTER TABLE use ADD COLUMN owner_blind BLOB;
UPDATE session SET dirty = 1 WHERE body IS NOT NULL;
`,
  `
-- LLM calls that count, each once: inherited and repeated ones are not here. Times are epoch milliseconds, before 1970: null. trigger and
-- basis: see ledgerCodes.ts; pico: picodollars, so that sums are exact, null: no price. counted: the transcript told counts. cut: it failed or
-- was aborted, and nothing was counted. model, tool: names, sealed. reasoning: null: not told.
CREATE TABLE model(id INTEGER PRIMARY KEY, blind BLOB NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;
CREATE TABLE tool(id INTEGER PRIMARY KEY, blind BLOB NOT NULL UNIQUE, body BLOB NOT NULL) STRICT;
ALTER TABLE span ADD COLUMN trigger INTEGER;
CREATE TABLE llm_call(
  session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
  span_id TEXT NOT NULL,
  turn_id TEXT,
  model INTEGER NOT NULL REFERENCES model(id),
  trigger INTEGER NOT NULL,
  basis INTEGER NOT NULL,
  start INTEGER,
  slot INTEGER NOT NULL AS (CASE WHEN start IS NULL THEN -1 ELSE start / 900000 END) VIRTUAL,
  duration INTEGER,
  input INTEGER NOT NULL,
  output INTEGER NOT NULL,
  cache_read INTEGER NOT NULL,
  cache_write INTEGER NOT NULL,
  reasoning INTEGER,
  pico INTEGER,
  counted INTEGER NOT NULL,
  cut INTEGER NOT NULL,
  PRIMARY KEY(session, span_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX llm_call_by_turn ON llm_call(session, turn_id);
CREATE INDEX llm_call_by_cost ON llm_call(session, pico);

-- What they came to in each quarter of an hour (all of the world's time zones begin their days at one): kept by the triggers below. Agents
-- may report what no call costs, and as often as they like: money is whole microdollars in micro, and in pico what is beyond those.
CREATE TABLE spend(
  session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
  slot INTEGER NOT NULL,
  model INTEGER NOT NULL,
  trigger INTEGER NOT NULL,
  basis INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  input INTEGER NOT NULL,
  output INTEGER NOT NULL,
  cache_read INTEGER NOT NULL,
  cache_write INTEGER NOT NULL,
  reasoning INTEGER NOT NULL,
  reasoned INTEGER NOT NULL,
  micro INTEGER NOT NULL,
  pico INTEGER NOT NULL,
  cut INTEGER NOT NULL,
  PRIMARY KEY(session, slot, model, trigger, basis)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER llm_call_insert AFTER INSERT ON llm_call BEGIN
  ${addedToSpend}
END;
CREATE TRIGGER llm_call_update AFTER UPDATE ON llm_call BEGIN
  ${takenFromSpend}
  ${addedToSpend}
END;
CREATE TRIGGER llm_call_delete AFTER DELETE ON llm_call BEGIN
  ${takenFromSpend}
END;

-- Which LLM call asked for which tool call.
CREATE TABLE asked(
  session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
  span_id TEXT NOT NULL,
  chat TEXT NOT NULL,
  tool INTEGER NOT NULL REFERENCES tool(id),
  PRIMARY KEY(session, span_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX asked_by_chat ON asked(session, chat);

-- What cost something that is written down nowhere. what: 0 a compaction, 1 an attempt that was made again.
CREATE TABLE unseen(
  session INTEGER NOT NULL REFERENCES session(id) ON DELETE CASCADE,
  span_id TEXT NOT NULL,
  what INTEGER NOT NULL,
  start INTEGER,
  PRIMARY KEY(session, span_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER span_unaccounted AFTER DELETE ON span BEGIN
  DELETE FROM llm_call WHERE session = OLD.session AND span_id = OLD.span_id;
  DELETE FROM asked WHERE session = OLD.session AND span_id = OLD.span_id;
  DELETE FROM unseen WHERE session = OLD.session AND span_id = OLD.span_id;
END;

-- By which prices it was folded; of another version, or another price book, it is folded again.
ALTER TABLE session ADD COLUMN priced_as BLOB;
CREATE INDEX session_by_prices ON session(source, priced_as) WHERE body IS NOT NULL;
UPDATE session SET dirty = 1 WHERE body IS NOT NULL;
`,
  `
-- What was told to a person, in whichever window, and is not told again.
CREATE TABLE told(id INTEGER PRIMARY KEY AUTOINCREMENT, blind BLOB NOT NULL UNIQUE) STRICT;
`,
  `
-- Which arguments are paths of files is told by the schemas of tools too. Sessions that were folded before are folded again.
UPDATE session SET dirty = 1 WHERE body IS NOT NULL;
`,
];
