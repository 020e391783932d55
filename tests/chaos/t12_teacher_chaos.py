"""T12: a teacher that does everything wrong that a server can: every row ends, what is accepted is sound."""

import threading
import time
from contextlib import suppress
from pathlib import Path

from infra.rehearsal import start
from schemas.chat import Reply
from schemas.errors import BadInput, BudgetSpent, RushesError
from schemas.items import Item
from tests.chaos.bar import Bar, Scale, Shown
from tests.chaos.teaching import STAGE, Lesson, Pupil, packs, teacher

SHARE = 0.3
# All that may come and go. What ends a run is in ENDS; T13 has the slow, T14 the expensive, T15 the obedient.
PASSING = (
    "rate_limited", "rate_limited_wait", "rate_limited_date", "server_error", "bad_gateway", "unavailable", "reset",
    "silence", "slow_loris", "short_body", "sse_forever", "truncated_body", "html", "error_envelope", "no_choices",
    "empty_choices", "two_choices", "missing_key", "extra_key", "wrong_type", "nan", "huge_text", "deep_json",
    "broken_json", "prose", "fenced", "two_objects", "letter_outside", "letter_lower", "letter_bracket", "letter_text",
    "letter_two", "always_a", "same_options", "refusal", "refusal_text", "cut_off", "filtered", "other_language",
    "other_fingerprint", "no_usage", "huge_usage",
)  # fmt: skip
ENDS: dict[str, type[RushesError]] = {
    "quota": BudgetSpent, "wrong_key": BadInput, "forbidden": BadInput, "no_model": BadInput,
}  # fmt: skip


def show(folder: Path, scale: Scale) -> Shown:
    """Asks about many scenes while 30 % of calls fail in one of 42 ways, then what ends a run, then a long wait."""
    scenes = packs(scale.of(500, 60))
    with teacher(seed=scale.seed, faults=dict.fromkeys(PASSING, SHARE / len(PASSING)), latency_s=0.01) as place:
        pupil = Pupil(folder / "passing", place)
        lesson = pupil.learn(scenes)
        log, stats = start.entries(place), start.stats(place)
    met = {entry["fault"] for entry in log if entry["fault"]}
    accounted = sum(_ends_of(lesson, scene.video_id) == 1 for scene in scenes)
    unsound = sum(not _is_sound(item) for item in lesson.made)
    not_whole = _not_whole(pupil, lesson)
    ended = sum(_ends(folder / fault, fault) for fault in ENDS)
    waited = _waits(folder / "long")
    figures = (
        f"{len(log)} calls for {len(scenes)} items ({len(log) / len(scenes):.2f} each), {len(met)} kinds of fault in "
        f"{sum(bool(entry['fault']) for entry in log)} of them: {accounted} of {len(scenes)} accounted for once, "
        f"{len(lesson.made)} accepted, {unsound} of them unsound, {not_whole} with a finish_reason other than stop, "
        f"{stats['early']} requests before a Retry-After was over; {ended} of {len(ENDS)} faults that end a run did so "
        f"at once, Retry-After: 300 was {'kept' if waited else 'not kept'}"
    )
    whole = accounted == len(scenes) and ended == len(ENDS) and waited and len(lesson.made) > len(scenes) / 2
    return Shown(
        whole and not unsound and not not_whole and not stats["early"] and _is_thrifty(len(log), scale), figures
    )


def _is_thrifty(calls: int, scale: Scale) -> bool:
    """At most 1.6 calls an item, over so many items that chance does not decide it."""
    return calls <= 1.6 * scale.of(500, 60) + (0 if scale.whole else 12)


def _ends_of(lesson: Lesson, video_id: str) -> int:
    """How many ends the question about this film came to: an item, or a reject."""
    rejected = sum(reject.row_id.startswith(video_id) for reject in lesson.rejects)
    return sum(item.video_id == video_id for item in lesson.made) + rejected


def _is_sound(item: Item) -> bool:
    """Whether an item is one that can be asked and answered."""
    options = {" ".join(option.split()).casefold() for option in item.options}
    right = 0 <= item.answer < len(item.options) and item.options[item.answer] == item.answer_text
    return len(options) == 4 and all(options) and right and 8 <= len(item.question) <= 400


def _not_whole(pupil: Pupil, lesson: Lesson) -> int:
    """How many replies were taken that the server had not finished, by the call log."""
    taken = [request for request, answer in zip(lesson.asked, lesson.answers, strict=True) if isinstance(answer, Reply)]
    return sum(pupil.tries(request)[-1].finish != "stop" for request in taken)


def _ends(folder: Path, fault: str) -> bool:
    """Whether a fault that no further try can mend ends the run with its own error, after one call per request."""
    with teacher(faults={fault: 1.0}) as place:
        try:
            Pupil(folder, place).learn(packs(3))
        except ENDS[fault]:
            return len(start.entries(place)) <= 3
        except RushesError:
            return False
    return False


def _waits(folder: Path) -> bool:
    """Whether nobody comes back within three seconds to a server that asks for five minutes."""
    with teacher(faults={"rate_limited_long": 1.0}) as place:
        room = Pupil(folder, place).room()
        chat = room.chat("writer")

        def ask() -> None:
            with suppress(Exception):
                list(chat([request for scene in packs(4) for request in STAGE.render(scene)]))

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        time.sleep(3.0)
        calls = len(start.entries(place))
        chat.stopped.set()
        room.close()
    asking.join(10)
    return 1 <= calls <= 4


BAR = Bar("T12", "30 % of a teacher's calls go wrong: every item has one end, what is accepted is sound", show)
