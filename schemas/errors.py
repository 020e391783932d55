"""The error tree, and the closed vocabulary of reasons for which a row is turned away."""

from typing import Literal, get_args

Reason = Literal[
    # the file as a thing on disk
    "missing",
    "not_a_file",
    "path_forbidden",
    "empty_file",
    "not_media",
    "download_error_page",
    "playlist_forbidden",
    "format_not_allowed",
    "input_changed",
    "duplicate",
    # what is inside
    "no_video_stream",
    "unsupported_codec",
    "encrypted",
    "too_small",
    "too_many_pixels",
    "too_short",
    "undecodable",
    "no_frames",
    "truncated",
    "timestamps",
    "size_change",
    # what it cost
    "decode_timeout",
    "decode_oom",
    "decode_crash",
    "decode_budget",
    "worker_crash",
    # a question that somebody else wrote
    "bad_question",
    # what was made of it
    "frame_missing",
    "ambiguous",
    "no_shots",
    "nothing_to_ask",
    # what a model made of it
    "refused",
    "cut_off",
    "filtered",
    "bad_reply",
    "bad_answer",
    "model_timeout",
]
"""Why a row was turned away. ``docs/rejects.md`` gives each one's meaning and remedy."""

REASONS: tuple[str, ...] = get_args(Reason)


class RushesError(Exception):
    """The root of every error that Rushes raises on purpose. The message names the value, the bound and the remedy."""


class WiringError(RushesError, TypeError):
    """A table, stage or recipe is declared in a way that cannot run. Raised while building, never while running."""


class BadInput(RushesError, ValueError):
    """Something the user gave cannot be used: a path, a manifest, a setting, a recipe's name."""


class ToolDown(RushesError, RuntimeError):
    """The world's fault: a tool, a disk or a server is not there now. The cell is tried again."""


class StageBroken(RushesError, RuntimeError):
    """Our fault: a stage raised, or gave rows that break its own table. The run stops and says which stage and rows."""


class DiskFull(RushesError, OSError):
    """A write failed for lack of space, or because the folder cannot be written. Nothing half-written is left."""


class NotPublishable(RushesError, ValueError):
    """A table fails its checks, so no version is published. The message names the table, the rows and the check."""


class Damaged(RushesError, ValueError):
    """A stored file is not what its manifest says. The message names the file."""


class Busy(RushesError, RuntimeError):
    """Somebody else holds the lock that this action needs."""


class BudgetSpent(RushesError, RuntimeError):
    """What the run may spend, or what an account holds, is used up. Every reply that was paid for is kept."""


class TooManyRejects(RushesError, RuntimeError):
    """A stage turns away a larger share of its rows than the profile allows. What is finished is kept."""


class ModelDrift(RushesError, RuntimeError):
    """A server answers as another model than it did before, under the same name. Nothing of the new one is mixed in."""


class Unsupported(RushesError, TypeError):
    """A model cannot take what it was given: pictures, where it only reads text. The message names the model."""
