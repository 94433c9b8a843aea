/**
 * Why a reader in a sandbox failed, in our words. Every process of its user can write in its name, so of what it says only facts of a known
 * form are taken over, and never a sentence: a hint is something that people do.
 */
import { AttachError, type AttachReason } from '../errors';
import type { FailedFrame } from '../reader/frames';

/** Those that a reader gives; the rest is for the host to find out. */
export const READER_REASONS = ['no-such-path', 'nothing-recorded', 'unreadable', 'no-runtime', 'reader-failed'] as const;
export type ReaderReason = (typeof READER_REASONS)[number];

type Words = Readonly<Record<'message' | 'hint', string>>;

const VERSION = /^The (?:(Node) in this sandbox is (v\d{1,3}\.\d{1,3}\.\d{1,3})(?:-.*)?|(Python) in this sandbox is (\d{1,3}\.\d{1,3}))$/;
/** See reasonOf in reader/context. */
const UNREADABLE =
  /can't be read: (permission denied|it is (?:a symbolic link|a directory|no regular file)|too many open files|E[A-Z]{2,15})$/;

export function readerFailure(reason: ReaderReason, said: string): FailedFrame {
  return { kind: 'failed', reason, ...wordsOf(reason, said) };
}

/**
 * What to do about it. One who has caught up could read: what ends it later may pass. One who follows waits for what is not there yet:
 * where it says so all the same, another way may know better.
 */
export function failureOf(
  failed: FailedFrame,
  { follow, caughtUp }: { readonly follow: boolean; readonly caughtUp: boolean },
): AttachError {
  if (caughtUp) return new AttachError('lost', failed.message, 'Try again.');
  const { reason, message, hint } = follow && isAbsence(failed.reason) ? readerFailure('reader-failed', '') : failed;
  return new AttachError(reason, message, hint);
}

function isAbsence(reason: AttachReason): boolean {
  return reason === 'no-such-path' || reason === 'nothing-recorded';
}

function wordsOf(reason: ReaderReason, said: string): Words {
  switch (reason) {
    case 'no-such-path':
    case 'nothing-recorded':
      return { message: "OpenClaw's directory is not in this sandbox", hint: 'OpenClaw has not been started in it yet.' };
    case 'unreadable': {
      const why = UNREADABLE.exec(said)?.[1];
      return {
        message: `OpenClaw's directory can't be read in this sandbox${why === undefined ? '' : `: ${why}`}`,
        hint: 'Check the permissions of the directory.',
      };
    }
    case 'no-runtime': {
      const [, node, nodeVersion, python, pythonVersion] = VERSION.exec(said) ?? [];
      if (node !== undefined && nodeVersion !== undefined)
        return { message: `The Node in this sandbox is ${nodeVersion}`, hint: 'Reading needs Node 22.13 or newer in the sandbox.' };
      if (python !== undefined && pythonVersion !== undefined)
        return { message: `The Python in this sandbox is ${pythonVersion}`, hint: 'Reading needs Python 3.8 or newer in the sandbox.' };
      return {
        message: 'The reader does not run on what is in this sandbox',
        hint: 'Reading needs Node 22.13 or Python 3.8, or newer, on the PATH of user "sandbox".',
      };
    }
    case 'reader-failed':
      return { message: 'The reader in the sandbox failed', hint: 'Try again.' };
  }
}
