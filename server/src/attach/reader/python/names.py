"""Which files of a sessions directory are transcripts, and what their names say about them (names.ts)."""
import re

# A session id may hold any characters, a mark among them: the time tells them apart.
TIME = r'[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}[-:][0-9]{2}[-:][0-9]{2}(?:[.-][0-9]{1,9})?Z'
ARCHIVED = re.compile(r'(.*?)\.jsonl(?:\.(reset|deleted|bak)\.' + TIME + r'(?:\..+?)??)?(\.zst)?\Z', re.DOTALL)
# One that a person put aside under a name of their own.
PUT_ASIDE = re.compile(r'(.*?)\.jsonl\.(reset|deleted|bak)\..+?(\.zst)?\Z', re.DOTALL)
# How some versions spell an archive: the mark before the extension.
MARKED_STEM = re.compile(r'\.(reset|deleted|bak)\.' + TIME + r'\Z', re.DOTALL)
# What is none though it is called so: a trajectory, and what a compaction keeps of the time before it.
OTHER_STEM = re.compile(r'\.trajectory\Z|\.compact\.(?:' + TIME + r'|[0-9]{10,})\Z', re.DOTALL)
# Behind the extension: what is being written, and who writes.
PASSING = re.compile(r'\.tmp|\.lock\Z')
STATES = {'reset': 'reset', 'deleted': 'deleted', 'bak': 'archived'}
TRAJECTORY_SUFFIX = '.trajectory.jsonl'


class TranscriptName:
    __slots__ = ('name', 'stem', 'state', 'compressed')

    def __init__(self, name, stem, mark, compressed):
        self.name = name
        # The session id as far as the name tells it; the header line knows better.
        self.stem = stem
        self.state = STATES.get(mark, 'archived' if compressed else 'live')
        self.compressed = compressed


def transcript_name(name):
    match = ARCHIVED.match(name) or PUT_ASIDE.match(name)
    if not match:
        return None
    stem, mark, packed = match.groups()
    if OTHER_STEM.search(stem) or PASSING.search(name[len(stem) + len('.jsonl'):]):
        return None
    if mark is None:
        marked = MARKED_STEM.search(stem)
        mark = marked.group(1) if marked else None
    return TranscriptName(name, stem, mark, packed is not None)


def is_trajectory_name(name):
    return name.endswith(TRAJECTORY_SUFFIX)


def stem_of(name):
    """What a transcript and its trajectory have in common."""
    if is_trajectory_name(name):
        return name[: -len(TRAJECTORY_SUFFIX)]
    found = transcript_name(name)
    return found.stem if found else name


def is_archive_of(archive, name):
    """Is `archive` what a transcript called `name` becomes when OpenClaw puts it away?"""
    if not archive.startswith(name + '.'):
        return False
    found = transcript_name(archive)
    return found is not None and found.state != 'live'
