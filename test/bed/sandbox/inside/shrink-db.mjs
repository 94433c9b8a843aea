// Checkpoint and compact every SQLite file under a directory (needs a SQLite as new as OpenClaw's: run it with the image's node).
// usage: node shrink-db.mjs <dir> <trajectories to keep per agent database, or "all">
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
const [, , dir, keep] = process.argv;
for (const rel of fs.readdirSync(dir, { recursive: true }).filter((f) => f.endsWith('.sqlite'))) {
  const f = path.join(dir, rel);
  try {
    const db = new DatabaseSync(f),
      names = new Set(
        db
          .prepare('select name from sqlite_master')
          .all()
          .map((r) => r.name),
      );
    if (keep !== 'all' && names.has('trajectory_runtime_events')) {
      const ids = db
        .prepare('select session_id id from trajectory_runtime_events group by session_id order by min(created_at)')
        .all()
        .map((r) => r.id);
      for (const id of ids.slice(Number(keep))) db.prepare('delete from trajectory_runtime_events where session_id=?').run(id);
    }
    db.exec('pragma wal_checkpoint(truncate)');
    try {
      db.exec('vacuum');
    } catch (e) {
      console.error(`${rel}: no vacuum: ${e.message}`);
      db.exec('pragma incremental_vacuum(1000000)');
    }
    db.exec('pragma wal_checkpoint(truncate)');
    db.close();
  } catch (e) {
    console.error(`${rel}: ${e.message}`);
  }
  for (const s of ['-wal', '-shm']) if (fs.existsSync(f + s) && (s === '-shm' || fs.statSync(f + s).size === 0)) fs.rmSync(f + s);
}
