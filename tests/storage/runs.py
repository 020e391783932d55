"""A finished run made by hand: five files in two parts: one a copy, one broken, one left without items."""

import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np
from PIL import Image, ImageDraw

from schemas.arrow import to_table
from schemas.items import Evidence, Gate, Guess, Item, Task, TraceStep, Verdict
from schemas.media import Frame, Media, Shot, ShotLook, Signal, Source, Video
from schemas.rejects import Reject
from schemas.row import Row
from schemas.samples import Sample
from schemas.units import BlobId, FrameId, ItemId, ShotId, SignalId, SourceId, VideoId
from storage.blobs import Blobs
from storage.built import Built, BuiltTable
from storage.layout import Workspace, part_name, rejects_path, rows_path
from storage.tables import Making, write

SECOND = 1_000_000
TASKS: tuple[Task, ...] = ("rearrange", "count_shots", "camera_motion")
GATES: tuple[Gate, ...] = get_args(Gate)
ORDER: tuple[type[Row], ...] = (
    Source,
    Video,
    Media,
    Signal,
    Shot,
    ShotLook,
    Item,
    Frame,
    Evidence,
    TraceStep,
    Guess,
    Verdict,
    Sample,
)
OPTIONS = ("blue, red, green", "red, green, blue", "green, blue, red", "red, blue, green")


@dataclass
class Part:
    """The rows of one part, by table, and the rejects beside them."""

    rows: dict[type[Row], list[Row]] = field(default_factory=dict)
    rejects: dict[type[Row], list[Reject]] = field(default_factory=dict)

    def add(self, *rows: Row) -> None:
        for row in rows:
            self.rows.setdefault(type(row), []).append(row)


@cache
def picture(number: int) -> bytes:
    """A small JPEG that no other number gives."""
    image = Image.new("RGB", (96, 54), (40 * number % 256, 90, 255 - 25 * number % 256))
    ImageDraw.Draw(image).text((4, 4), str(number), fill="white")
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()


def video_id(number: int) -> VideoId:
    return VideoId(f"{number:016x}")


def source(part: int, number: int, uri: str, **more: str | None) -> Source:
    return Source(source_id=SourceId(f"{part_name(part)}/{number:06d}"), uri=uri, size_bytes=1000, changed_us=5, **more)


def video(number: int, given: Source) -> Video:
    return Video(
        video_id=video_id(number), source_id=given.source_id, uri=given.uri, size_bytes=1000,
        sha256=f"{number:064x}",
        container="mp4", license=given.license, origin=given.origin, title=given.title,
    )  # fmt: skip


def described(part: Part, footage: Video, n_shots: int = 4) -> None:
    """What is known of a video of ``n_shots`` shots of two seconds each."""
    number = int(footage.video_id, 16)
    part.add(
        Media(
            video_id=footage.video_id, codec="h264", width_px_measured=640, height_px_measured=360,
            width_px_claimed=640,
            height_px_claimed=360, rotation_deg=0, n_frames_measured=48 * n_shots, n_frames_claimed=48 * n_shots,
            duration_us_measured=2 * SECOND * n_shots, duration_us_claimed=2 * SECOND * n_shots,
            rate_hz_measured=24.0,
            rate_hz_claimed=24.0, is_variable_rate=False, decoded_ratio=1.0, has_audio=False, is_hdr=False,
            is_interlaced=False,
        )
    )  # fmt: skip
    part.add(signal(footage.video_id, n_shots))
    for nth in range(n_shots):
        shot = ShotId(f"{footage.video_id}/{nth:04d}")
        start = 2 * SECOND * nth
        part.add(
            Shot(
                shot_id=shot, video_id=footage.video_id, number=nth, start_us=start,
                end_us=start + (2 * SECOND - 200_000),
                n_frames=43, opened_by="cut" if nth else "start", opened_from_us=start if nth else None,
                cut_score=0.9 if nth else None,
            ),
            ShotLook(
                shot_id=shot, video_id=footage.video_id, camera=("static", "pan left", "zoom in",
                "mixed")[(nth + number) % 4],
                pan=0.0, tilt=0.0, zoom=0.0, wander=0.0, camera_fit=0.9, difference_mean=0.1, difference_max=0.4,
                brightness=0.5,
                saturation=0.4, sharpness=2.0, is_still=False, is_black=False, hash=2**64 - 1 - nth,
            ),
        )  # fmt: skip


def signal(of: VideoId, n_shots: int) -> Signal:
    n = 8 * n_shots
    flat = np.full(n, 0.5, np.float32)
    grids = np.full((n, 9, 16, 3), 128, np.uint8)
    grids[:, :, :, 0] = np.linspace(40, 200, 16, dtype=np.uint8)
    return Signal(
        signal_id=SignalId(f"{of}/0000"), video_id=of, first_frame=0, n_frames=n, start_us=0,
        end_us=2 * SECOND * n_shots,
        width_px=160,
        height_px=90, pts_us=np.arange(n, dtype=np.int64) * SECOND // 4, brightness=flat, saturation=flat,
        sharpness=flat,
        difference=flat, pan=flat, tilt=flat, zoom=flat, camera_fit=flat, hash=np.zeros(n, np.uint64),
        grids=grids.tobytes(),
    )  # fmt: skip


def asked(part: Part, footage: Video, blobs: Blobs, *, n_items: int = 6, n_kept: int = 4) -> None:
    """Items about a video of which the first ``n_kept`` pass every gate."""
    for nth in range(n_items):
        item = _item(footage, nth)
        part.add(item, *_told(item), *_judged(item, passes=nth < n_kept))
        shown = [_frame(part, item, at, blobs) for at in item.pictures_us]
        if nth < n_kept:
            part.add(_sample(item, footage, shown))


def _item(footage: Video, nth: int) -> Item:
    return Item(
        item_id=ItemId(f"{footage.video_id}/{TASKS[nth % 3]}/{nth}"), video_id=footage.video_id, uri=footage.uri,
        task=TASKS[nth % 3],
        question="In which order do these pictures come in the video?", options=OPTIONS, answer=nth % 4,
        answer_text=OPTIONS[nth % 4],
        pictures_us=(nth * 100_000, 3 * SECOND + nth), labels=("A", "B"), shot_ids=(f"{footage.video_id}/0000",),
        start_us=0,
        end_us=4 * SECOND, seed=nth, wording=0, program=json.dumps([{"op": "order", "args": [], "out": nth,
        "text": "ordered"}]),
    )  # fmt: skip


def _told(item: Item) -> Iterable[Row]:
    key = {"item_id": item.item_id, "video_id": item.video_id}
    yield Evidence(evidence_id=f"{item.item_id}/0", start_us=0, end_us=SECOND, what="the first shot", **key)  # type: ignore[arg-type]
    for step in range(2):
        yield TraceStep(
            trace_id=f"{item.item_id}/{step}", step=step, op="look", arguments="{}", result="[1, 2]",
            text=f"Step {step}.", **key,  # type: ignore[arg-type]
        )  # fmt: skip
    for repeat in range(3):
        yield Guess(
            answer_id=f"{item.item_id}/{repeat}", task=item.task, repeat=repeat, choice=1, confidence=0.4,
            is_right=item.answer == 1, **key,  # type: ignore[arg-type]
        )  # fmt: skip


def _judged(item: Item, *, passes: bool) -> Iterable[Verdict]:
    for gate in GATES:
        yield Verdict(
            verdict_id=f"{item.item_id}/{gate}", item_id=item.item_id, video_id=item.video_id, gate=gate,
            passed=passes or gate != "veracity", reason="as seen",
        )  # fmt: skip


def _frame(part: Part, item: Item, at_us: int, blobs: Blobs) -> BlobId:
    blob = blobs.put(picture((at_us // 100_000 + int(item.video_id, 16)) % 12), ".jpg")
    part.add(
        Frame(
            frame_id=FrameId(f"{item.video_id}@{at_us}/{item.item_id}"), video_id=item.video_id, at_us=at_us,
            pts_us=at_us, blob=blob,
            width_px=96, height_px=54, hash=7, grid=bytes(432), reader="pyav",
        )
    )  # fmt: skip
    return blob


def _sample(item: Item, footage: Video, pictures: list[BlobId]) -> Sample:
    return Sample(
        sample_id=item.item_id, video_id=item.video_id, uri=item.uri, split="test" if int(item.video_id,
        16) == 2 else "train",
        task=item.task, question=item.question, options=item.options, answer=item.answer,
        answer_text=item.answer_text,
        reasoning="Step 0. Step 1.", pictures=tuple(pictures), labels=item.labels, pictures_us=item.pictures_us,
        start_us=item.start_us, end_us=item.end_us, evidence=json.dumps([{"start_us": 0, "end_us": SECOND,
        "what": "the first shot"}]),
        program=item.program, license=footage.license, origin=footage.origin, title=footage.title,
    )  # fmt: skip


def parts(blobs: Blobs) -> list[Part]:
    """Two parts: good, broken and silent footage in the first; good footage and a copy in the second."""
    first, second = Part(), Part()
    good = source(0, 0, "/films/good.mp4", license="CC-BY-4.0", title="A good film", origin="https://example.org/good")
    broken, silent = source(0, 1, "/films/broken.mp4"), source(0, 2, "/films/silent.mp4")
    other, copy = source(1, 0, "/films/other.mp4", license="mine alone"), source(1, 1, "/films/copy of good.mp4")
    first.add(good, broken, silent)
    second.add(other, copy)
    first.rejects[Video] = [
        Reject(reject_id="IdentifyVideos/sources/00000/000001", stage="IdentifyVideos", from_table="sources",
        row_id=broken.source_id,
               uri=broken.uri, reason="not_media", detail="it begins with <html>"),
    ]  # fmt: skip
    for part, number, given in ((first, 1, good), (second, 2, other), (first, 3, silent), (second, 1, copy)):
        footage = video(number, given)
        part.add(footage)
        described(part, footage)
        if given not in (silent, copy):
            asked(part, footage, blobs)
    asked(first, video(3, silent), blobs, n_items=2, n_kept=0)
    return [first, second]


def built(workspace: Workspace, given: list[Part] | None = None, order: tuple[type[Row], ...] = ORDER) -> Built:
    """The parts as committed cells. A part that lacks a table has an empty cell of it."""
    given = parts(Blobs(workspace.blobs)) if given is None else given
    return Built(
        recipe="synthetic", summary="Rows made by hand.", settings={"seed": 7}, plan="a plan",
        tables=tuple(_table(workspace, row_type, given, order) for row_type in order),
    )  # fmt: skip


def _table(workspace: Workspace, row_type: type[Row], given: list[Part], order: tuple[type[Row], ...]) -> BuiltTable:
    folder = workspace.table(row_type.table, f"{order.index(row_type):016x}")
    folder.mkdir(parents=True, exist_ok=True)
    cells, rejects = [], []
    for nth, part in enumerate(given):
        cells.append(rows_path(folder, part_name(nth)))
        write(to_table(row_type, part.rows.get(row_type, [])), cells[-1], Making({"part": nth}, 0.5))
        if part.rejects.get(row_type):
            rejects.append(rejects_path(folder, part_name(nth)))
            write(to_table(Reject, part.rejects[row_type]), rejects[-1], Making())
    return BuiltTable(row_type, folder.name, f"Make({row_type.__name__})", 1, (), tuple(cells), tuple(rejects))


def published_bytes(folder: Path) -> dict[str, bytes]:
    """Every Parquet file of a version, by its path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}
