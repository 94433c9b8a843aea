/** The file of a user's own prices that a command goes by: the same list as in the setting, in JSON or YAML. */
import { basename } from 'node:path';
import { parseDocument } from 'yaml';
import { isFileError, reasonOf } from '../attach/reader/context';
import { NOT_REGULAR, readRegular, TOO_LARGE } from '../attach/regularFile';
import { plainLine } from '../decode/preview';
import type { BookProblem } from '../usage/book';
import { CommandError } from './commandError';

const largest = 1024 * 1024;

export interface PriceFile {
  readonly name: string;
  /** Whatever stands in it. */
  readonly entries: unknown;
}

/** Throws CommandError. */
export async function readPriceFile(path: string, signal: AbortSignal): Promise<PriceFile> {
  const text = await textOf(path, signal);
  // What is JSON is YAML too; links between parts of it are not followed without end.
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new CommandError(`the price file ${path} is neither JSON nor YAML: ${error.message.split('\n')[0] ?? ''}`);
  try {
    return { name: basename(path), entries: document.toJS({ maxAliasCount: 100 }) as unknown };
  } catch (failure) {
    if (!(failure instanceof Error)) throw failure;
    throw new CommandError(`the price file ${path} can't be read: ${failure.message}`, { cause: failure });
  }
}

async function textOf(path: string, signal: AbortSignal): Promise<string> {
  try {
    return (await readRegular(path, largest, 'followed', signal)).bytes.toString('utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException | null)?.code;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new CommandError(`there is no file ${path}, which --prices names`, { cause: error });
    if (code === TOO_LARGE) throw new CommandError(`the price file ${path} is larger than ${largest / 1024} KiB`, { cause: error });
    if (code === NOT_REGULAR || code === 'EISDIR') throw new CommandError(`the price file ${path} is no regular file`, { cause: error });
    if (!isFileError(error)) throw error;
    throw new CommandError(`the price file ${path} can't be read: ${reasonOf(error)}`, { cause: error });
  }
}

/** What is wrong with an entry, in words. */
export function problemText({ field, problem }: Pick<BookProblem, 'field' | 'problem'>): string {
  const of = field === null ? '' : `${plainLine(field, 60)}: `;
  return `${of}${problemWords[problem]}`;
}

const problemWords: Readonly<Record<BookProblem['problem'], string>> = {
  'not-a-list': 'a list of prices is meant',
  'too-many-entries': 'there are too many entries; the rest is left out',
  'not-an-object': 'an entry with a model and its prices is meant',
  'unknown-field': 'there is no such field',
  'model-missing': 'it names no model',
  'not-a-text': 'a text is meant',
  'too-long': 'it is too long',
  'not-a-date': 'a day is meant, as 2026-11-21',
  'not-a-price': 'a price is meant: US dollars, not below zero',
  'too-dear': 'that is too dear: US dollars for a million tokens, or for an hour, are meant',
  'not-a-yes-or-no': 'true or false is meant',
  'no-price': 'it has no price',
  'input-or-output-missing': 'a price for tokens needs both, input and output',
  'two-kinds-of-price': 'prices for tokens and a price for an hour exclude each other',
};
