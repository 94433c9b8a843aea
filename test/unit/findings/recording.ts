/**
 * The recording beside this file, made with its scenarios.mjs in the test bed: real OpenClaw 2026.7.1, scripted model. Two sessions for
 * each detector: `x`, which fires it, and `xnear`, which nearly does. Packed, also so that nothing takes its made-up secrets for real ones.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding, TraceDocument } from '../../../server/src/protocol/document';
import { traceOf } from '../support/traces';

let read: Promise<TraceDocument> | null = null;

export function pairsTrace(): Promise<TraceDocument> {
  return (read ??= readPairs());
}

async function readPairs(): Promise<TraceDocument> {
  const root = unpackPairs();
  try {
    return await traceOf(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** The caller removes it. */
export function unpackPairs(): string {
  const root = mkdtempSync(join(tmpdir(), 'sandglass-pairs-'));
  execFileSync('tar', ['-xzf', join(import.meta.dirname, 'recording', 'sandbox.tar.gz'), '-C', root]);
  return root;
}

export interface OfSession {
  /** Last part of the session's key. */
  readonly name: string;
  readonly findings: readonly Finding[];
}

/** What was found, by session: one whose findings name spans of it. */
export function bySession({ sessions, findings }: TraceDocument): readonly OfSession[] {
  return sessions.map(({ key, id, spans }) => {
    const own = new Set(spans.map((span) => span.id));
    return { name: key?.split(':').at(-1) ?? id, findings: findings.filter(({ spanIds }) => spanIds.some((spanId) => own.has(spanId))) };
  });
}
