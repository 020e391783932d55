import json
from dataclasses import replace
from functools import cache

from schemas.items import Item
from stages.tell import CiteEvidence, TellSteps
from stages.write import WriteItems
from tests.stages.reels import rich


@cache
def items() -> list[Item]:
    return [item for item in WriteItems(per_task=1).run([rich().timeline], None) if isinstance(item, Item)]


def test_each_step_with_a_sentence_becomes_a_row_in_order() -> None:
    for item in items():
        told = list(TellSteps().run([item], None))
        steps = [step for step in json.loads(item.program) if step["text"]]
        assert [step.step for step in told] == list(range(len(steps)))
        assert [step.text for step in told] == [step["text"] for step in steps]
        assert [json.loads(step.result) for step in told] == [step["out"] for step in steps]
        assert len({step.trace_id for step in told}) == len(told) >= 3


def test_a_step_without_a_sentence_is_a_check_and_is_not_told() -> None:
    program = [
        {"op": "check", "args": {}, "out": 1, "text": ""},
        {"op": "say", "args": {}, "out": 2, "text": "So two."},
    ]
    item = replace(items()[0], program=json.dumps(program))
    (told,) = TellSteps().run([item], None)
    assert (told.step, told.op, told.text) == (0, "say", "So two.")


def test_every_picture_is_cited_with_its_shot() -> None:
    for item in items():
        cited = list(CiteEvidence().run([item], None))
        assert set(item.pictures_us) <= {one.start_us for one in cited}
        assert all(one.start_us < one.end_us and one.video_id == item.video_id for one in cited)
        assert {one.shot_id for one in cited} >= set(item.shot_ids)
        assert len({one.evidence_id for one in cited}) == len(cited)
        assert {f"picture {label}" for label in item.labels} <= {one.what for one in cited}
