"""What the questions of somebody's benchmark really take: nothing, one frame, frames in any order, or frames in order.

Source: VBenchComp (arXiv:2505.14321), of which we know the abstract. Its four categories are kept; what is finer here,
what is ours and what is unknown: docs/recipes.md.
"""

from typing import Annotated, Any

from annotated_types import Interval

from flows.recipes.footage import footage
from flows.recipes.query import query
from schemas.audits import Audit, QuestionFile, Sheet
from schemas.items import Answer, Item
from schemas.media import FrameRequest, Source
from stages.audit_panel import AnswerSeen, AnswerUnseen
from stages.audit_questions import ReadQuestions
from stages.cut import CutShots
from stages.graph import Rows, select
from stages.sample import TakeFrames

Tables = dict[str, Any]
"""Tables by the names under which a query knows them."""

Percent = Annotated[int, Interval(ge=0, le=100)]
Likely = Annotated[int, Interval(ge=1, le=99)]
Few = Annotated[int, Interval(ge=1, le=64)]
NO_QUESTIONS = QuestionFile("")


def audit(
    sources: Rows[Source],
    *,
    questions: QuestionFile = NO_QUESTIONS,
    frames: Few = 16,
    looks: Few = 3,
    orders: Few = 8,
    seed: int = 7,
    luck_permille: Annotated[int, Interval(ge=0, le=1000)] = 10,
    pass_percent: Percent = 50,
    drop_percent: Percent = 25,
    knows_percent: Likely = 80,
    doubt_percent: Percent = 5,
) -> Rows[Audit]:
    """Multiple-choice questions of any set, sorted by what it takes to answer them: blind, one frame, order, or nobody.

    ``questions`` is the set: Parquet, JSONL, JSON, CSV, a folder of these, or a TOML file that maps its columns
    (docs/audit.md). Of a question's span ``frames`` frames are shown; as one frame, ``looks`` of them, one after the
    other. Each panel answers with the options in ``orders`` orders; ``seed`` draws these, and the order of shuffled
    frames. The other settings sort stored answers, and ask nobody again: a condition is enough where somebody is right
    ``pass_percent`` of the time and luck would do it ``luck_permille`` times in a thousand; shuffled frames are not
    where frames in order do ``drop_percent`` better. Who knows the answer is right ``knows_percent`` of the time; the
    sort is sure where luck, good or bad, would make it so at most ``doubt_percent`` of the time.
    """
    seen = footage(sources, CutShots())
    entries = sources.then(ReadQuestions(questions=questions))
    items = select(Item, query("audit_items", frames=frames), entries=entries, videos=seen.videos, media=seen.media)
    taken = select(FrameRequest, query("frame_requests"), items=items).then(TakeFrames())
    sheets = select(Sheet, query("audit_sheets"), items=items, frames=taken)
    told: Tables = {
        "unseen": sheets.then(AnswerUnseen(repeats=orders, seed=seed)),
        "seen": sheets.then(AnswerSeen(repeats=orders, looks=looks, seed=seed)),
    }
    answers = select(Answer, query("audit_answers"), **told)
    bounds = {"luck_permille": luck_permille, "pass_percent": pass_percent, "drop_percent": drop_percent}
    bounds |= {"knows_percent": knows_percent, "doubt_percent": doubt_percent, "orders": orders}
    tables: Tables = {"items": items, "answers": answers, "videos": seen.videos}
    return select(Audit, query("audits", **bounds), **tables)
