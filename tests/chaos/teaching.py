"""What the bars about teachers share: a real stage that asks, through the real client, a server that misbehaves."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.models.faults import Habits
from infra.models.gate import Door
from infra.models.judge import key_of_try
from infra.models.raw import Raw
from infra.models.replies import Replies
from infra.models.room import Room
from infra.profile_models import Cast, ModelPart
from infra.rehearsal import start
from infra.rehearsal.settings import Settings
from infra.rehearsal.start import Place
from schemas.chat import Answer, Request
from schemas.items import Item
from schemas.rejects import Reject
from schemas.scenes import ScenePack
from schemas.units import Micros, SceneId, VideoId
from stages.scene_questions import WriteSceneQuestions

ANSWERERS = "infra.rehearsal.answers_cineaste:ANSWERERS"
STAGE = WriteSceneQuestions(categories=("cause: why something happens",), wanted=1)
# A twentieth of the waits that a run has.
HASTY = Habits(first_wait_s=0.025, longest_wait_s=3.0, patience_s=600.0, down_after_s=5.0, probe_s=0.5)


def packs(count: int) -> list[ScenePack]:
    """So many scenes, of each of which two things are known."""
    return [
        ScenePack(
            scene_id=SceneId(f"{number:016x}/0"),
            video_id=VideoId(f"{number:016x}"),
            uri=f"/films/{number}.mp4",
            start_us=Micros(0),
            end_us=Micros(9_000_000),
            shot_ids=(f"{number:016x}/0000",),
            pictures_us=(1_000_000,),
            labels=("V1", "V2"),
            kinds=("seen", "seen"),
            starts_us=(0, 4_000_000),
            ends_us=(4_000_000, 9_000_000),
            texts=(f"A man opens door {number}.", "It begins to rain."),
        )
        for number in range(count)
    ]


@contextmanager
def teacher(**facts: Any) -> Iterator[Place]:
    """A simulated teacher in a process of its own, which answers the stage's form truthfully but for its faults."""
    with start.apart(Settings(answerers=ANSWERERS, models={"teacher": 1.0}, **facts)) as place:
        yield place


@dataclass
class Lesson:
    """What came of asking: items and rejects, and the answers behind them, in the order of the scenes."""

    made: list[Item] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)


@dataclass
class Pupil:
    """One worker that asks the teacher at a place; ``facts`` are those of the model, such as ``timeout_s``."""

    folder: Path
    place: Place
    habits: Habits = HASTY
    door: Door | None = None
    worker: str = "alone"

    def room(self, **facts: Any) -> Room:
        """Its models: one, in the role of the writer."""
        part = ModelPart(name="teacher", revision="1", endpoints=(self.place.url,), in_flight=32, timeout_s=3)
        cast = Cast(models={"teacher": replace(part, **facts)}, roles={"writer": ("teacher",)})
        where = (self.folder / "replies", self.folder / "models.jsonl")
        return Room(cast, *where, lambda blob: b"\xff\xd8jpeg", self.worker, self.door, self.habits)

    def learn(self, scenes: Sequence[ScenePack], **facts: Any) -> Lesson:
        """What the stage makes of the scenes. Raises what ends a run."""
        lesson = Lesson()
        with closing(self.room(**facts)) as room:
            for row in STAGE.run(scenes, (_noted(room.chat("writer"), lesson),)):
                (lesson.made if isinstance(row, Item) else lesson.rejects).append(row)  # type: ignore[arg-type]
        return lesson

    def tries(self, request: Request) -> list[Raw]:
        """All that the call log holds of one request, in order."""
        replies = Replies(self.folder / "replies", "teacher@1")
        with closing(replies):
            replies.refresh()
            key = request.key("teacher@1")
            found = (replies.find(key_of_try(key, number)) for number in range(4))
            return [raw for raw in found if raw]


def _noted(chat: Callable[[Sequence[Request]], Iterator[Answer]], lesson: Lesson) -> Any:
    def asked(requests: Sequence[Request]) -> Iterator[Answer]:
        lesson.asked += requests
        for answer in chat(requests):
            lesson.answers.append(answer)
            yield answer

    return asked
