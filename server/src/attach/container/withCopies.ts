/**
 * A reader inside the sandbox leaves a database alone that nobody has open: to read it would write into the sandbox. A copy of it can
 * be read, and it does not change until someone opens it; then the reader inside takes over.
 */
import type Docker from 'dockerode';
import { NEEDS_COPY } from '../reader/sqliteStore';
import type { SourceRecord } from '../record';
import { ArchiveReader, databaseOf } from './archiveReader';
import { EngineArchive } from './engineArchive';

export interface CopyOptions {
  readonly stateDir: string;
  readonly cursors: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
}

export async function* withCopies(
  records: AsyncIterable<SourceRecord>,
  container: Docker.Container,
  { stateDir, cursors, signal }: CopyOptions,
): AsyncGenerator<SourceRecord> {
  const known = new Map([...cursors].filter(([key]) => OF_DATABASE.test(key)));
  const archive = new EngineArchive(container);
  for await (const record of records) {
    const agent = record.kind === 'skipped' && record.reason === NEEDS_COPY ? agentOf(record.where) : null;
    const copied = agent === null ? [record] : new ArchiveReader(archive, { stateDir, cursors: known, signal }).database(agent);
    for await (const one of copied) {
      if (one.cursor && OF_DATABASE.test(one.cursor.key)) known.set(one.cursor.key, one.cursor.value);
      yield one;
    }
  }
}

const OF_DATABASE = /^(?:store|rows|trajectoryRows):/;

function agentOf(where: string): string | null {
  const agent = /^agents\/([^/]+)\//.exec(where)?.[1];
  return agent !== undefined && where === databaseOf(agent) ? agent : null;
}
