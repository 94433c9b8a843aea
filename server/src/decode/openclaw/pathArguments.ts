/** Arguments of a call that look like paths of files, with where they stand: whether they are is for the tool's schema to say. */
import type { PathCandidate } from '../../model/events';
import { asObject } from '../json';
import { copyOf } from '../preview';
import { isElsewhere, ownTools, pointer } from './toolSchemas';

export const candidateLimit = 16;
const depthLimit = 5;
const looked = 512;
const pathChars = 1024;

/** `args` as the tool got them. */
export function pathCandidates(tool: string, args: unknown): readonly PathCandidate[] {
  if (ownTools.has(tool) || worksElsewhere(tool, asObject(args) ?? {})) return [];
  const found: PathCandidate[] = [];
  let left = looked;
  const look = (value: unknown, at: string, depth: number): void => {
    if (--left < 0 || found.length >= candidateLimit) return;
    if (typeof value === 'string') {
      const path = at === '' ? null : pathIn(value);
      if (path !== null) found.push({ at: copyOf(at), path: copyOf(path), plain: isPlain(path) });
    } else if (depth < depthLimit && Array.isArray(value)) {
      for (const item of value.slice(0, looked)) look(item, `${at}/*`, depth + 1);
    } else if (depth < depthLimit && typeof value === 'object' && value !== null) {
      for (const [name, item] of Object.entries(value).slice(0, looked)) look(item, pointer(at, name), depth + 1);
    }
  };
  look(args, '', 0);
  return found;
}

/** Of OpenClaw itself: its paths are those of settings. */
const settingsTool = 'gateway';

/** A call that says on which other machine, repository or bucket it works. */
export function worksElsewhere(tool: string, args: Readonly<Record<string, unknown>>): boolean {
  if (ownTools.has(tool)) return false;
  if (tool === settingsTool) return true;
  for (const [name, value] of Object.entries(args).slice(0, looked))
    if (typeof value === 'string' && value.trim() !== '' && isElsewhere(name)) return true;
  return false;
}

const extension = /[^/.]\.[A-Za-z][A-Za-z0-9]{0,7}$/;
const bare = /^(?:Makefile|Dockerfile|Jenkinsfile|Gemfile|Rakefile|Procfile)$/;
const media = /^(?:text|image|audio|video|application|multipart|font|model)\/[\w.+-]+$/;
const host = /^(?:www\.|(?:[a-z0-9-]+\.)+(?:com|net|org|io|dev|ai|app|local|gov|edu)(?:$|[/:]))/i;

/** The path that a text is, or null: it is another thing that may look like one. */
export function pathIn(value: string): string | null {
  const path = value.startsWith('file:///') ? ofFileUri(value) : value;
  if (path === null || path === '' || path.length > pathChars || /[\s\u0000-\u001f\u007f*?<>|"`$\\{};,=]/.test(path)) return null;
  if (/^[a-z][a-z0-9+.-]*:/i.test(path) || /^[-@#]/.test(path) || /^[\d./:-]+$/.test(path) || path.startsWith('//')) return null;
  if (media.test(path) || host.test(path)) return null;
  return path.includes('/') || extension.test(path) || bare.test(path) ? path : null;
}

/** It looks like nothing else: two words with a slash between may be a zone, a model or a repository. */
function isPlain(path: string): boolean {
  return /^(?:\/|~\/|\.{1,2}\/)/.test(path) || (path.includes('/') && extension.test(path));
}

function ofFileUri(uri: string): string | null {
  try {
    return decodeURIComponent(uri.slice('file://'.length).replace(/[?#].*$/, ''));
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
