/** Why an engine could not be asked, in the words of the person who wants to know what to do about it. */
import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import type { EngineAddress } from '../attach/container/engine';
import { codeOf } from '../attach/reader/context';
import type { LookOutcome } from '../protocol/document';

export interface LookFailure {
  readonly outcome: LookOutcome;
  readonly reason: string;
}

export async function lookFailure(error: unknown, address: EngineAddress): Promise<LookFailure> {
  const code = codeOf(error);
  if (code?.startsWith('HPE_')) return { outcome: 'failed', reason: 'what answers there is no container engine' };
  if (code?.includes('CERT') === true || code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    return { outcome: 'failed', reason: 'its certificate is not one that the client certificate trusts' };
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { outcome: 'absent', reason: 'there is no such socket' };
    case 'EACCES':
    case 'EPERM':
      return { outcome: 'refused', reason: `permission denied${address.kind === 'socket' ? `: ${await accessHint(address.path)}` : ''}` };
    case 'ECONNREFUSED':
      return { outcome: 'failed', reason: 'nothing listens there: Docker is not running' };
    case 'ENOTSOCK':
      return { outcome: 'failed', reason: 'what lies there is no socket' };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { outcome: 'failed', reason: 'the host is not known' };
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return { outcome: 'failed', reason: 'the host can not be reached' };
    case 'ECONNRESET':
    case 'EPIPE':
      return { outcome: 'failed', reason: 'it hung up without an answer' };
    default:
      return { outcome: 'failed', reason: error instanceof Error ? error.message.trim() : String(error) };
  }
}

async function accessHint(path: string): Promise<string> {
  try {
    const [{ gid, mode }, groups] = [await stat(path), await readFile('/etc/group', 'utf8')];
    return socketHint({ gid, mode }, groups, userInfo().username);
  } catch {
    return socketHint(null, '', ''); // the socket's own directory may be closed, or there is no such list of groups here
  }
}

/** What to do to be let in: the group that owns a socket may use it, and which one that is differs. `socket` is null: not to be seen. */
export function socketHint(socket: { readonly gid: number; readonly mode: number } | null, groups: string, user: string): string {
  const again = 'log out and in again (or restart the machine), then start VS Code anew';
  const join = (group: string): string => `join the group "${group}" (sudo usermod -aG ${group} "$USER"), ${again}`;
  if (socket === null) return join('docker');
  const [name, , , members] =
    groups
      .split('\n')
      .map((line) => line.split(':'))
      .find(([, , gid]) => gid === String(socket.gid)) ?? [];
  const groupMay = (socket.mode & 0o060) === 0o060;
  if (!groupMay || socket.gid === 0 || name === undefined || !/^[a-z_][a-z0-9_-]*\$?$/i.test(name))
    return 'only its owner may use it: run Docker rootless, or let its socket belong to the group "docker" and join that';
  return (members ?? '').split(',').includes(user) ? `you are in the group "${name}" already: ${again}` : join(name);
}
