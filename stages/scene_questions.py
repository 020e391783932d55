"""Questions about a scene, written by a model from numbered facts, and kept only where each cites what it rests on."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import pydantic

from schemas.chat import Form, NoReply, Reply, Request
from schemas.errors import BadInput
from schemas.items import Item
from schemas.rejects import Reject, reject
from schemas.scenes import ScenePack
from schemas.units import Count, ItemId
from stages import scene_told as told
from stages.ask import Ask
from stages.orders import reads_as_order
from stages.plain import plain
from stages.quoted import AS_DATA
from stages.scene_faults import SOURCES, Written, fault
from stages.span_told import span
from stages.stage import digest

OPTIONS = 4
CATEGORIES = (
    "cause*: why something happens, or what it leads to",
    "order: what happens before, after or between other things of the scene",
    "change: how somebody or something is different at one moment from another",
    "reference*: who or what somebody speaks of, as the pictures show",
    "contrast: in what two people, things or moments of the scene differ or agree",
)
"""Our own kinds of question: what the paper's five are called is not known to us."""

_NAMED = re.compile(r"([a-z][a-z0-9_ -]{0,39})(\*?): *(\S.*)")
_HEARD = {
    "seen": "one sees",
    "said": "somebody says",
    "heard": "somebody says, as far as it was understood",
}
_IDS = re.compile(r"\b[VDST]\d+\b")


class SceneQuestion(Form):
    """A question with four options; ``answer`` is the letter of the right one."""

    question: str
    options: Annotated[list[str], pydantic.Field(min_length=OPTIONS, max_length=OPTIONS)]
    answer: Literal["A", "B", "C", "D"]
    fact_ids: list[str]
    explanation: str


class SceneQuestions(Form):
    """Questions of one kind about one scene."""

    questions: Annotated[list[SceneQuestion], pydantic.Field(max_length=6)]


@dataclass(frozen=True)
class Category:
    """A kind of question: its name, whether it takes facts of two sources, and what it asks for."""

    name: str
    of_two_sources: bool
    asks: str


class WriteSceneQuestions(Ask[ScenePack, Item], role="writer", version=2, prompt="scene_write_questions_2"):
    """Write questions about each scene, by category, and keep those that cite the facts they rest on.

    A category is ``name: what it asks for``; one written ``name*: ...`` needs facts of two sources, one seen and one
    said. ``wanted`` is how many questions of a category are asked for. A question is turned away, each with a reject of
    its own, that cites fewer than two facts or one that does not exist, has two options alike, or another fault that
    code can see (``stages/scene_faults.py``). Title and summary are a model's words about the other facts: they may be
    cited and count for nothing. Options come in an order drawn from ``seed``, never as given. Scenes of which other
    things are known, as where one of two copies has subtitles, have other items.
    """

    categories: tuple[str, ...] = CATEGORIES
    wanted: Count = 2
    seed: int = 7

    @property
    def kinds(self) -> tuple[Category, ...]:
        """The categories, read. Raises BadInput for one that cannot be."""
        return tuple(category(text) for text in self.categories)

    def render(self, row: ScenePack) -> tuple[Request, ...]:
        """A request per category that the scene has sources for."""
        known = f"{span(row)}\n{told.facts(row)}"
        return tuple(
            Request(
                f"{self.prompt}\n{AS_DATA}", (known, self._wish(kind)), SceneQuestions, max_tokens=700 * self.wanted
            )
            for kind in self._asked(row)
        )

    def parse(self, row: ScenePack, reply: Reply) -> Iterator[Item | Reject]:
        """An item for each sound question, and a reject for each other one."""
        kind = self._asked(row)[reply.number]
        known_as = digest(told.facts(row))[:8]
        for number, question in enumerate(reply.filled(SceneQuestions).questions):
            item_id = ItemId(f"{row.scene_id}-{known_as}-{kind.name.replace(' ', '_')}-{number}")
            written = Written(question.question, tuple(question.options), question.answer, tuple(question.fact_ids))
            known = dict(zip(row.labels, row.kinds, strict=True))
            if why := fault(written, known, kind.of_two_sources) or _steered(row, question):
                told_off = reject(self, row, "bad_answer", f"{reply.model}: {kind.name}: {why}: {question.question}")
                yield replace(told_off, reject_id=f"{told_off.reject_id}/{kind.name}/{number}")
            else:
                yield self._item(row, kind, item_id, question)

    def missed(self, row: ScenePack, answer: NoReply) -> Iterator[Item | Reject]:
        """A reject of its own for each category that got no usable answer."""
        for made in super().missed(row, answer):
            name = self._asked(row)[answer.number].name
            yield replace(made, reject_id=f"{made.reject_id}/{name}") if isinstance(made, Reject) else made

    def _asked(self, row: ScenePack) -> list[Category]:
        """The categories that the scene has facts enough for."""
        sources = [SOURCES[kind] for kind in row.kinds if kind in SOURCES]
        if len(sources) < 2:
            return []
        return [kind for kind in self.kinds if not kind.of_two_sources or len(set(sources)) > 1]

    def _wish(self, kind: Category) -> str:
        sources = " Each needs facts of two sources, one seen (V) and one said (D)." * kind.of_two_sources
        wish = json.dumps({"category": kind.name, "wanted": self.wanted})
        return f"{wish}\nWrite {self.wanted} questions of the kind {kind.name!r}: {kind.asks}.{sources}"

    def _item(self, row: ScenePack, kind: Category, item_id: ItemId, question: SceneQuestion) -> Item:
        texts = [plain(option) for option in question.options]
        right = texts[told.LETTERS.index(question.answer)]
        options = tuple(sorted(texts, key=lambda option: _lot(self.seed, item_id, option)))
        return Item(
            item_id=item_id,
            video_id=row.video_id,
            uri=row.uri,
            task=kind.name,
            question=plain(question.question),
            options=options,
            answer=options.index(right),
            answer_text=right,
            pictures_us=row.pictures_us,
            labels=tuple(f"{at_us / 1e6:.1f} s" for at_us in row.pictures_us),
            shot_ids=row.shot_ids,
            start_us=row.start_us,
            end_us=row.end_us,
            seed=self.seed,
            wording=0,
            program=json.dumps(_steps(row, question, right), ensure_ascii=False),
        )


def read_categories(text: str) -> tuple[str, ...]:
    """The categories in a text that parts them by semicolons. Raises BadInput for none, two of a name, or a bad one."""
    found = tuple(part.strip() for part in text.split(";") if part.strip())
    names = [category(part).name for part in found]
    if not found or len(set(names)) < len(names):
        told = f"categories: {text[:80]!r} gives {len(set(names))} names to {len(found)} categories"
        raise BadInput(f"{told}; name each, and each once")
    return found


def category(text: str) -> Category:
    """The category that the text describes. Raises BadInput where it describes none."""
    found = _NAMED.fullmatch(text.strip())
    if found is None:
        raise BadInput(
            f"categories: {text[:80]!r} is no category; write `name: what it asks for`, or `name*: ...` for two sources"
        )
    return Category(found.group(1).strip(), bool(found.group(2)), found.group(3).rstrip(" ."))


def _steered(row: ScenePack, question: SceneQuestion) -> str:
    """What is wrong with resting on words that were written for a model: nobody gets to read them."""
    orders = [label for label, text in zip(row.labels, row.texts, strict=True) if reads_as_order(text)]
    cited = [label for label in orders if label in question.fact_ids]
    return f"it cites {cited[0]}, which reads as an order to a model" if cited else ""


def _steps(row: ScenePack, question: SceneQuestion, right: str) -> list[dict[str, Any]]:
    """The chain of thought: what each cited fact says, in order of time, and what follows."""
    observed = {label for label, kind in zip(row.labels, row.kinds, strict=True) if kind in SOURCES}
    cited = sorted(observed & set(question.fact_ids), key=lambda label: (row.starts_us[row.labels.index(label)], label))
    steps = [_recalled(row, row.labels.index(label)) for label in cited]
    why = plain(question.explanation)
    conclusion = f"The answer is: {right.rstrip('.')}."
    text = conclusion if not why or _IDS.search(why) else f"{why} {conclusion}"
    return [*steps, {"op": "conclude", "args": {"facts": cited}, "out": right, "text": text}]


def _recalled(row: ScenePack, at: int) -> dict[str, Any]:
    start_us, end_us, text = row.starts_us[at], row.ends_us[at], row.texts[at]
    seen = {"start_us": start_us, "end_us": end_us, "what": text, "shot_id": None}
    sentence = f"From {start_us / 1e6:.1f} s to {end_us / 1e6:.1f} s {_HEARD[row.kinds[at]]}: {text}"
    return {"op": "recall", "args": {"fact": row.labels[at]}, "out": text, "text": sentence, "seen": [seen]}


def _lot(seed: int, item_id: str, option: str) -> str:
    return hashlib.sha256(f"{seed} {item_id} {option}".encode()).hexdigest()
