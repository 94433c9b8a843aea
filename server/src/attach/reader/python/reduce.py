"""The little that is looked at where the bytes are (entry.ts, reduce.ts): is an entry one, is it noise; and trajectory events and index
entries, cut to the fields in use."""
import re
from .parse import Broken, Span, as_object, is_object, parse, parse_object
from .text import SURROGATE, head, js_flat, js_text
from .toolArguments import tool_arguments

NOISE = 'openclaw.cache-ttl'
MAX_STRING = 4096
MAX_PROMPT_ERROR = 500
COMPILED = 'context.compiled'
TRAJECTORY_TYPES = {'session.started', COMPILED, 'tool.call', 'tool.result', 'model.completed', 'trace.artifacts', 'session.ended'}
TRAJECTORY_FIELDS = ('type', 'ts', 'seq', 'runId', 'sessionId', 'sessionKey', 'workspaceDir')
TRAJECTORY_DATA = (
    'trigger',
    'agentId',
    'toolCallId',
    'name',
    'success',
    'status',
    'finalStatus',
    'aborted',
    'promptError',
    'stopReason',
)
INDEX_FIELDS = (
    'sessionKey',
    'sessionId',
    'updatedAt',
    'sessionStartedAt',
    'startedAt',
    'endedAt',
    'status',
    'label',
    'displayName',
    'spawnedBy',
    'parentSessionKey',
    'previousSessionId',
    'reason',
    'model',
    'modelProvider',
    'sessionFile',
    'createdVia',
)
ENVELOPE_TYPE = re.compile(r'"type":"([^"]{1,60})"')
ENVELOPE_LENGTH = 600
NO_END = 2 ** 53
TOO_DEEP = 'not shown: it is nested too deeply'


def read_entry(text):
    """('header', session id), ('entry', None), ('noise', None) or ('broken', reason). The reason quotes nothing: the text is hostile."""
    try:
        entry = parse(text)
    except Broken as error:
        return 'broken', str(error)
    if not isinstance(entry, dict):
        return 'broken', 'not a JSON object'
    if entry.get('type') == 'session':
        id = entry.get('id')
        return 'header', id if isinstance(id, str) and id != '' and not SURROGATE.search(id) else None
    if entry.get('type') == 'custom' and entry.get('customType') == NOISE:
        return 'noise', None
    return 'entry', None


def reduce_trajectory(text):
    """('event', session id, text), or ('unused', …), or ('broken', …): not a JSON object."""
    # Most bytes are in events that are not used: look at the type before parsing 100 KB. The envelope comes first.
    found = ENVELOPE_TYPE.search(head(text, ENVELOPE_LENGTH))
    if found and found.group(1) not in TRAJECTORY_TYPES:
        return 'unused', None, None
    event = parse_object(text)
    if event is None:
        return 'broken', None, None
    type = event.get('type')
    if not isinstance(type, str) or type not in TRAJECTORY_TYPES:
        return 'unused', None, None
    session = event.get('sessionId')
    session = session if isinstance(session, str) and session != '' else None
    if type == COMPILED:
        tools = tool_arguments((as_object(event.get('data')) or {}).get('tools'))
        return ('event', session, js_text({'type': COMPILED, 'tools': tools}, NO_END)) if tools else ('unused', None, None)
    data = pick(as_object(event.get('data')), TRAJECTORY_DATA)
    if isinstance(data.get('promptError'), str):
        data['promptError'] = head(data['promptError'], MAX_PROMPT_ERROR)
    kept = pick(event, TRAJECTORY_FIELDS)
    kept['data'] = data
    return 'event', session, js_flat(kept)


def reduce_index_entry(entry):
    """One session's entry of `sessions.json`, or its rows of the database put together."""
    kept = pick(entry, INDEX_FIELDS)
    file = kept.get('sessionFile')
    if isinstance(file, str):
        kept['sessionFile'] = file[max(file.rfind('/'), file.rfind('\\')) + 1:]
    report = entry.get('systemPromptReport')
    if is_object(report):
        kept['prompt'] = reduce_prompt_report(members(report))
    return js_flat(kept)


# What one prompt was made of; more of each than any has.
MAX_REPORT_FILES = 64
MAX_REPORT_NAMES = 512
# A time in milliseconds is one too.
MAX_REPORT_SIZE = 10 ** 13


def reduce_prompt_report(report):
    """What OpenClaw measured of the prompt of a session's last run: sizes and names, no text. A file, a skill and a tool are a line each,
    its numbers first."""
    return {
        'at': report_size(report.get('generatedAt')),
        'chars': report_size(members(report.get('systemPrompt')).get('chars')),
        'provider': report_name(report.get('provider')),
        'model': report_name(report.get('model')),
        'files': report_lines(report.get('injectedWorkspaceFiles'), MAX_REPORT_FILES, file_line),
        'skills': report_lines(members(report.get('skills')).get('entries'), MAX_REPORT_NAMES, skill_line),
        'tools': report_lines(members(report.get('tools')).get('entries'), MAX_REPORT_NAMES, tool_line),
    }


def file_line(fields):
    state = 'missing' if fields.get('missing') is True else 'truncated' if fields.get('truncated') is True else 'whole'
    return '%d %d %s %s' % (report_size(fields.get('rawChars')), report_size(fields.get('injectedChars')), state, report_name(fields.get('path')))


def skill_line(fields):
    return '%d %s' % (report_size(fields.get('blockChars')), report_name(fields.get('name')))


def tool_line(fields):
    return '%d %d %s' % (report_size(fields.get('summaryChars')), report_size(fields.get('schemaChars')), report_name(fields.get('name')))


def report_lines(listed, most, line):
    return [line(members(item)) for item in (listed[:most] if isinstance(listed, list) else ()) if is_object(item)]


def taken(value):
    """An object or a list that was kept as the text it is, taken apart; None: it is nested too deeply for that."""
    if not isinstance(value, Span):
        return value
    try:
        return value.value()
    except (RecursionError, ValueError):
        return None


def members(value):
    return as_object(taken(value)) or {}


def report_size(value):
    """-1: none is told."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value or not 0 <= value <= MAX_REPORT_SIZE or value != int(value):
        return -1
    return int(value)


def report_name(value):
    return head(value, MAX_STRING) if isinstance(value, str) else ''


def pick(fields, names):
    kept = {}
    for name in names if fields else ():
        value = fields.get(name)
        if isinstance(value, str):
            kept[name] = head(value, MAX_STRING)
        elif isinstance(value, (bool, int, float)):
            kept[name] = value
        elif name == 'promptError' and is_object(value):
            kept[name] = shown(value)
    return kept


def shown(value):
    try:
        return js_text(value.value() if isinstance(value, Span) else value, MAX_PROMPT_ERROR)
    except (RecursionError, ValueError):
        return TOO_DEEP


GATEWAY_FIELDS = ('time', 'traceId', 'spanId', 'parentSpanId')
# Never the name of an auth profile, nor what a provider said at length.
GATEWAY_EVENT = (
    'event',
    'runId',
    'sessionId',
    'isError',
    'error',
    'rawErrorPreview',
    'errorPreview',
    'failoverReason',
    'reason',
    'decision',
    'status',
    'provider',
    'model',
    'requestedModel',
    'candidateModel',
    'nextCandidateModel',
    'isPrimary',
    'completed',
    'willRetry',
    'cooldownUntil',
    'disabledUntil',
)


def reduce_gateway_line(text):
    """A line of OpenClaw's own log; None: not one that a part of OpenClaw wrote under its own name."""
    line = parse_object(text)
    name = line.get('0') if line else None
    told = line.get('1') if line else None
    if not isinstance(name, str) or not name.startswith('{"subsystem":'):
        return None
    event = as_object(told)
    if not isinstance(told, str) and event is None:
        return None
    kept = {'0': head(name, MAX_PROMPT_ERROR), '1': head(told, MAX_STRING) if event is None else pick(event, GATEWAY_EVENT)}
    kept.update(pick(line, GATEWAY_FIELDS))
    return js_flat(kept)
