"""Of what a run could call, the arguments that may be paths (toolArguments.ts)."""
import re
from .parse import Span, as_object, parse
from .text import head, js_items

MAX_TOOLS = 256
MAX_ARGUMENTS = 64
MAX_NAME = 128
MAX_TEXT = 300
MAY_BE_PATH = re.compile(r'path|file|dir|folder|cwd|target|uri', re.IGNORECASE | re.ASCII)
ELSEWHERE = re.compile(
    r'(?:node|device|machine|vm|host|server|cluster|instance|pod|container|bucket|drive|repo|repository|owner|project|site|endpoint|method|base|remote|ssh|http)',
    re.IGNORECASE | re.ASCII,
)


def tool_arguments(tools):
    kept = []
    tools = taken_apart(tools)
    for value in tools[:MAX_TOOLS] if isinstance(tools, list) else ():
        tool = as_object(taken_apart(value)) or {}
        properties = as_object(taken_apart((as_object(taken_apart(tool.get('parameters'))) or {}).get('properties')))
        name = tool.get('name')
        if properties is None or not isinstance(name, str) or units_over(name, MAX_NAME):
            continue
        found = []
        for named, value in list(js_items(properties))[:MAX_ARGUMENTS]:
            argument = argument_of(named, as_object(taken_apart(value)))
            if argument is not None:
                found.append(argument)
        if any(MAY_BE_PATH.search(' '.join((argument[0], argument[2], argument[3]))) for argument in found):
            kept.append({'name': name, 'arguments': found})
    return kept


def argument_of(name, fields):
    if fields is None or units_over(name, MAX_NAME):
        return None
    format = short(fields.get('format'))
    description = short(fields.get('description'))
    if not MAY_BE_PATH.search(' '.join((name, format, description))) and not ELSEWHERE.match(name):
        return None
    return [name, types_of(taken_apart(fields.get('type'))), format, description, 'enum' in fields or 'const' in fields]


def types_of(type):
    listed = type if isinstance(type, list) else [type]
    return ','.join(head(one, MAX_NAME) for one in listed[:8] if isinstance(one, str))


def short(value):
    return head(value, MAX_TEXT) if isinstance(value, str) else ''


def units_over(text, count):
    return len(text) > count or head(text, count) != text


def taken_apart(value):
    """What was kept as the text it is, its upper levels: nothing recurses, however deep it goes."""
    return parse(value.text[value.start:value.end]) if isinstance(value, Span) else value
