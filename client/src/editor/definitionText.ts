/** Why a call leads to no definition, and where one was looked for. */
import type { DefinedAt, DefinedKind, ToolDefinition } from '../../../server/src/protocol/definitions';
import type { Translate } from '../format';
import { plainText } from '../plainText';

const maxFolders = 3;

/** Of an answer without places. */
export function noDefinitionText({ tool, builtIn, looked }: ToolDefinition, t: Translate): string {
  const name = plainText(tool, { maxLength: 60 });
  const why = builtIn
    ? t('“{0}” is built into OpenClaw: it has no definition in this workspace.', name)
    : t('No definition of “{0}” was found in this workspace.', name);
  if (looked.length === 0) return `${why} ${t('No folder is open to look in.')}`;
  const places = looked.slice(0, maxFolders).map(({ place, files, reason }) => {
    const told =
      files === 1
        ? t('{0} (1 file that may define something)', folder(place))
        : t('{0} ({1} files that may define something)', folder(place), files);
    return reason === null ? told : `${told}: ${plainText(reason, { maxLength: 100 })}`;
  });
  const more = looked.length > maxFolders ? [t('{0} more folders', looked.length - maxFolders)] : [];
  return `${why} ${t('Looked in {0}.', [...places, ...more].join(', '))}`;
}

export function placeLabel({ kind, name }: DefinedAt, t: Translate): string {
  return `${plainText(name, { maxLength: 80 })} · ${kindText(kind, t)}`;
}

function kindText(kind: DefinedKind, t: Translate): string {
  switch (kind) {
    case 'plugin-tool':
      return t('registered by a plugin');
    case 'manifest-tool':
      return t('declared by a plugin');
    case 'mcp-server':
      return t('MCP server');
    case 'skill':
      return t('skill');
    case 'prompt-file':
      return t('prompt file');
  }
}

function folder(path: string): string {
  return plainText(path, { maxLength: 100 });
}
