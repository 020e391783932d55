import sys
from pathlib import Path

import pytest

from flows.profile_names import check_names
from flows.recipe_book import recipe
from flows.wish import Wish
from infra.profile import Profile
from schemas.errors import BadInput
from tests.flows.toys import write_toy

ROWS = recipe("fragments").rows({})


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        (Profile(batch_rows={"WatchVideo": 4}), "batch_rows names 'WatchVideo', .* did you mean 'WatchVideos'"),
        (Profile(max_reject_ratio={"watchvideos": 0.5}), "max_reject_ratio names 'watchvideos', .* 'WatchVideos'"),
        (
            Profile(roles={"captoiner": ("m",)}),
            "mine.toml: roles names 'captoiner', .* did you mean 'captioner'",
        ),
        (Profile(roles={"zzz": ("m",)}), "roles names 'zzz', .* there are: blind, captioner, "),
        (Profile(batch_rows={"Asking": 4}), "batch_rows names 'Asking'"),
    ],
)
def test_what_no_recipe_has_is_named_with_what_was_meant(profile: Profile, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        check_names(profile, ROWS, "mine.toml")


@pytest.mark.parametrize(
    "profile",
    [
        Profile(),
        Profile(batch_rows={"WatchVideos": 4}),
        Profile(batch_rows={"CaptionFrame": 4}, max_reject_ratio={"CutClips": 0.5}, roles={"viewer": ("m",)}),
    ],
)
def test_what_another_recipe_or_setting_has_is_no_mistake(profile: Profile) -> None:
    check_names(profile, ROWS, "mine.toml")


def test_a_recipe_file_brings_names_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "toy_notes", raising=False)
    own = str(write_toy(tmp_path))
    assert _refused(own, tmp_path, "[batch_rows]\nWeigh = 4\n") == ""
    assert "did you mean 'Weigh'?" in _refused(own, tmp_path, "[batch_rows]\nWiegh = 4\n")
    model = '[models.m]\nname = "m"\nrevision = "1"\nendpoints = ["http://127.0.0.1:9/v1"]\n'
    assert "did you mean 'embedder'?" in _refused(own, tmp_path, f'{model}[roles]\nembeder = "m"\n')
    monkeypatch.delitem(sys.modules, "toy_notes")


def _refused(own: str, folder: Path, lines: str) -> str:
    """What is said against a run with this profile, before it begins."""
    (folder / "one.mp4").write_bytes(b"123")
    profile = folder / "mine.toml"
    profile.write_text(lines)
    try:
        Wish(recipe=own, videos=[str(folder / "one.mp4")], to=str(folder / "to"), profile=str(profile)).check()
    except BadInput as error:
        return str(error)
    return ""
