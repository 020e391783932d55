import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from schemas.chat import Picture
from schemas.media import Video
from schemas.peak_views import KeyClips, PeakCase
from schemas.peaks import GivenQuery, QuerySheet, ScenePair, SceneScore, ShotList, SoundScene, Synopsis
from schemas.rejects import Reject
from stages.peak_items import ComposePeakItems
from stages.peak_queries import QueriesWanted, ReadQueries, WriteQueries
from stages.peak_scenes import GroupScenes, MergeShots
from stages.peak_scores import LikenScenes, PlanFrames, RankScenes, SceneScored, ScoreScene
from tests.builders import FakeChat, FakeEnv, row

SECOND = 1_000_000


def shots(*lengths_s: float) -> ShotList:
    ends = [round(sum(lengths_s[: at + 1]) * SECOND) for at in range(len(lengths_s))]
    ids = tuple(f"s{at}" for at in range(len(ends)))
    return row(ShotList, shot_ids=ids, starts_us=(0, *ends[:-1])[: len(ends)], ends_us=tuple(ends))


@pytest.mark.parametrize(
    ("lengths", "merged"),
    [
        ((3, 3), [("s0",), ("s1",)]),
        ((1, 3, 3), [("s0", "s1"), ("s2",)]),
        ((3, 1, 0.5), [("s0", "s1", "s2")]),
        ((1,), [("s0",)]),
        ((0.5, 0.5, 0.5, 0.5, 4), [("s0", "s1", "s2", "s3"), ("s4",)]),
    ],
)
def test_shots_are_merged_until_a_scene_is_long_enough(
    lengths: tuple[float, ...], merged: list[tuple[str, ...]]
) -> None:
    scenes = list(MergeShots().run([shots(*lengths)], None))
    assert [scene.shot_ids for scene in scenes] == merged  # type: ignore[union-attr]  # no reject


def test_a_long_take_is_split_evenly_and_a_video_without_shots_is_rejected() -> None:
    scenes = list(MergeShots(most_us=10 * SECOND).run([shots(25)], None))
    assert [scene.end_us // 1000 for scene in scenes] == [8333, 16666, 25000]  # type: ignore[union-attr]
    [rejected] = MergeShots().run([shots()], None)
    assert isinstance(rejected, Reject)
    assert rejected.reason == "no_shots"


def test_a_piece_of_a_long_scene_names_only_its_own_shots_and_one_without_a_shot_is_no_scene() -> None:
    scenes = list(MergeShots(most_us=35 * SECOND).run([shots(1, 65)], None))
    assert [scene.shot_ids for scene in scenes] == [("s0", "s1"), ("s1",)]  # type: ignore[union-attr]  # no reject
    apart = row(ShotList, shot_ids=("a", "b"), starts_us=(0, 89 * SECOND), ends_us=(SECOND, 90 * SECOND))
    scenes = list(MergeShots(most_us=30 * SECOND).run([apart], None))
    assert [(scene.shot_ids, scene.number) for scene in scenes] == [(("a",), 0), (("b",), 1)]  # type: ignore[union-attr]


def test_a_chapter_ends_where_what_is_told_changes() -> None:
    vectors = [(1, 0, 0)] * 4 + [(0, 1, 0)] * 5 + [(0, 0, 1)] * 3
    scenes = [
        row(SoundScene, at, video_id="v", start_us=at, end_us=at + 1, vector=np.array(vector, np.float32))
        for at, vector in enumerate(vectors)
    ]
    chapters = list(GroupScenes(size=4).run(scenes, None))
    assert [len(chapter.scene_ids) for chapter in chapters] == [4, 5, 3]
    assert [len(one.scene_ids) for one in GroupScenes(size=6).run(scenes[:1], None)] == [1]


def test_queries_beside_a_video_are_read_and_bad_lines_are_told(tmp_path: Path) -> None:
    lines = '{"query": "Who  waves?"}\nnonsense\n\n{"query": 5}\n{"query": "who waves?"}\n{"query": "Where?"}\n'
    (tmp_path / "film.queries.jsonl").write_text(lines, "utf-8")
    videos = [row(Video, at, uri=str(tmp_path / name)) for at, name in enumerate(("film.mp4", "other.mp4"))]
    made = list(ReadQueries().run(videos, FakeEnv()))
    assert [one.text for one in made if isinstance(one, GivenQuery)] == ["Who waves?", "Where?"]
    [bad] = [one for one in made if isinstance(one, Reject)]
    assert "line 2" in bad.detail
    assert "2 of 5" in bad.detail


def test_a_query_may_hold_any_sign_that_json_lets_stand_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "film.queries.jsonl").write_text(
        '{"query": "Who\u2028waves?"}\r\n{"query": "Where?"}\r\n', "utf-8", newline=""
    )
    made = list(ReadQueries().run([row(Video, uri=str(tmp_path / "film.mp4"))], FakeEnv()))
    assert [getattr(one, "text", one) for one in made] == ["Who waves?", "Where?"]


def test_a_query_is_never_cut_and_what_is_left_out_is_told(tmp_path: Path) -> None:
    lines = ["What?", "w" * 501, "Who?", "When?"]
    text = "\n".join(json.dumps({"query": line}) for line in lines)
    (tmp_path / "film.queries.jsonl").write_text(text, "utf-8")
    made = list(ReadQueries(most=2).run([row(Video, uri=str(tmp_path / "film.mp4"))], FakeEnv()))
    assert [one.text for one in made if isinstance(one, GivenQuery)] == ["What?", "Who?"]
    long, many = [one for one in made if isinstance(one, Reject)]
    assert "line 2" in long.detail
    assert "at most 500 characters" in long.detail
    assert "3 queries, and 2 of a video count" in many.detail
    assert long.reject_id != many.reject_id


def test_written_queries_come_once_each_and_no_more_than_wanted() -> None:
    chat = FakeChat(lambda _: QueriesWanted(queries=["Who?", " who? ", "", "When?", "Where?"]))
    made = list(WriteQueries(most=2).run([row(Synopsis)], (chat,)))
    assert [one.text for one in made] == ["Who?", "When?"]  # type: ignore[union-attr]
    [none] = WriteQueries().run([row(Synopsis)], (FakeChat(lambda _: QueriesWanted(queries=[" "])),))
    assert isinstance(none, Reject)
    assert none.reason == "nothing_to_ask"


def test_a_scene_is_scored_from_its_pictures_and_a_score_without_a_reason_is_rejected() -> None:
    pair = row(ScenePair, end_us=5, shown_us=(1,), pictures=("a.jpg",), caption=None)
    chat = FakeChat(lambda request: SceneScored(rationale="It shows it." if request.sample else " ", relevance=4))
    made = list(ScoreScene(samples=2).run([pair], (chat,)))
    assert [getattr(one, "score", None) for one in made] == [None, 4]
    assert Picture("a.jpg") in chat.asked[0].parts  # type: ignore[arg-type]
    assert '"caption"' not in str(chat.asked[0].parts)


def sheet(scores: tuple[float, ...], likenesses: tuple[float, ...] = (), n_scenes: int = 0) -> QuerySheet:
    ids = tuple(f"scene{at}" for at in range(n_scenes or len(scores)))
    return row(
        QuerySheet, scene_ids=ids, starts_us=tuple(range(len(ids))), ends_us=tuple(range(1, len(ids) + 1)),
        scored_ids=ids[: len(scores)], scores=scores, rationales=("why",) * len(scores),
        liked_ids=ids[: len(likenesses)], likenesses=likenesses,
    )  # fmt: skip


def test_without_likeness_the_score_is_final_and_tiers_are_the_papers() -> None:
    made = list(RankScenes().run([sheet((5.0, 4.5, 4.0, 1.0))], None))
    assert [(one.final, one.tier) for one in made if isinstance(one, SceneScore)] == [
        (5.0, "P1"), (4.5, "P2"), (4.0, "rest"), (1.0, "rest"),
    ]  # fmt: skip


def test_likeness_moves_a_score_by_its_standing_among_the_scenes_within_bounds() -> None:
    made = list(RankScenes(refine=0.5).run([sheet((5.0, 5.0, 4.0, 1.0), (0.1, 0.5, 0.5, 0.1))], None))
    finals = [(one.final, one.tier) for one in made if isinstance(one, SceneScore)]
    assert finals == [(4.5, "P2"), (5.0, "P1"), (4.5, "P2"), (1.0, "rest")]


def test_a_query_with_a_scene_unscored_is_rejected_whole() -> None:
    made = list(RankScenes().run([sheet((5.0, 1.0), n_scenes=3), sheet((5.0, 1.0))], None))
    assert isinstance(made[0], Reject)
    assert "1 of 3 scenes have no score; the first is ['scene2']" in made[0].detail
    assert [type(one) for one in made[1:]] == [SceneScore, SceneScore]


class Eyes:
    """An embedder for which a picture is what its name says."""

    model = "eyes@1"

    def texts(self, texts: list[str]) -> np.ndarray:
        return np.array([[1, 0] if text == "a cat?" else [0, 1] for text in texts], np.float32)

    def pictures(self, blobs: list[str]) -> np.ndarray:
        return np.array([[1, 0] if blob.startswith("cat") else [0, 1] for blob in blobs], np.float32)


def test_likeness_is_the_mean_of_the_most_alike_pictures() -> None:
    pictures = (("cat1", "cat2", "dog"), ("cat1", "dog", "dog2"), ("dog",))
    pairs = [row(ScenePair, at, video_id="v", query="a cat?", pictures=one) for at, one in enumerate(pictures)]
    made = list(LikenScenes(top=2).run(pairs, Eyes()))  # type: ignore[arg-type]
    assert [one.likeness for one in made] == [1.0, 0.5, 0.0]


def test_frames_are_planned_in_key_clips_and_evenly_where_there_is_none() -> None:
    clips = {"starts_us": (10, 60), "ends_us": (20, 70), "priorities": (1, 2)}
    some = row(KeyClips, 0, duration_us=100, **clips)
    none = row(KeyClips, 1, duration_us=100, starts_us=(), ends_us=(), priorities=())
    plans = list(PlanFrames(focused=3, hybrid=8).run([some, none], None))
    assert [(plan.mode, plan.k) for plan in plans] == [("focused", 3), ("hybrid", 8), ("uniform", 3), ("uniform", 8)]
    assert plans[0].at_us == (12, 17, 65)
    assert plans[2].at_us == (16, 50, 83)


def case(task: str, others: int, **facts: object) -> PeakCase:
    ats = tuple(range(20, 20 + others))
    return row(
        PeakCase, task=task, text="A dog runs.", caption="A dog runs.", start_us=10 * SECOND, end_us=15 * SECOND,
        shown_us=(11 * SECOND, 13 * SECOND), shot_ids=("own",), is_relevant=None,
        other_starts_us=tuple(at * SECOND for at in ats), other_ends_us=tuple((at + 1) * SECOND for at in ats),
        other_captions=tuple(f"Number {at}." for at in ats), other_shown_us=tuple(at * SECOND for at in ats),
        other_shot_ids=tuple(f"shot{at}" for at in ats), **facts,
    )  # fmt: skip


def test_a_stretch_is_asked_for_among_others_in_order_of_time_a_picture_each() -> None:
    [item] = ComposePeakItems().run([case("localise", 5)], None)
    assert item.options[item.answer] == item.answer_text == "0:10.0 to 0:15.0"
    assert len(item.options) == len(item.pictures_us) == 4
    assert list(item.pictures_us) == sorted(item.pictures_us)


def test_every_shot_of_the_scene_asked_for_is_named_so_that_a_copy_of_any_is_found() -> None:
    several = replace(case("localise", 2), shot_ids=("own", "second"))
    [item] = ComposePeakItems().run([several], None)
    assert set(item.shot_ids) == {"own", "second", "shot20", "shot21"}


def test_a_caption_is_asked_for_with_the_pictures_of_its_scene_alone() -> None:
    [item] = ComposePeakItems().run([case("caption", 5)], None)
    assert item.options[item.answer] == "A dog runs."
    assert item.pictures_us == (11 * SECOND, 13 * SECOND)


def test_no_stretch_is_called_necessary_since_another_one_may_answer_the_query_too() -> None:
    made = ComposePeakItems().run([case("relevance", 0), case("key clip", 5)], None)
    asked = [item.question for item in made]
    assert len(asked) == 2
    assert all("help" in question and "have to" not in question for question in asked)


def test_without_another_scene_there_is_nothing_to_choose_from() -> None:
    assert list(ComposePeakItems().run([case("localise", 0), case("caption", 0), case("key clip", 0)], None)) == []
