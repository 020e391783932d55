"""What lies beside videos and belongs to them: subtitles and queries, as far as their time of change goes."""

import os
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field

SUFFIXES = (".srt", ".vtt", ".queries.jsonl")


@dataclass
class Beside:
    """When the files beside a video were last changed. Each folder is looked at once."""

    _folders: dict[str, dict[str, int]] = field(default_factory=dict)

    def changed_us(self, path: str) -> int:
        """The latest change among the files beside the video at ``path``, in microseconds; 0 where there is none."""
        folder, name = os.path.split(path)
        if folder not in self._folders:
            self._folders[folder] = _listed(folder)
        return self._folders[folder].get(os.path.splitext(name)[0], 0)  # noqa: PTH122 -- called 100,000 times


def _listed(folder: str) -> dict[str, int]:
    """By the stems of the videos that they may belong to: ``NAME.en.srt`` to ``NAME`` and to ``NAME.en``."""
    found: dict[str, int] = defaultdict(int)
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            suffix = next((suffix for suffix in SUFFIXES if entry.name.lower().endswith(suffix)), None)
            if suffix is None:
                continue
            changed_us = _changed_us(entry)
            stem = entry.name[: -len(suffix)]
            for one in {stem, os.path.splitext(stem)[0]}:  # noqa: PTH122
                found[one] = max(found[one], changed_us)
    return dict(found)


def _changed_us(entry: os.DirEntry[str]) -> int:
    try:
        return max(0, entry.stat().st_mtime_ns // 1000)
    except OSError:
        return 0
