"""Contact sheets: each video as a strip of its shots."""

from dataclasses import dataclass
from itertools import groupby

from storage.blobs import Blobs
from storage.publish_pictures import read_blob
from storage.report.ask import Tables
from storage.report.thumbs import COLUMNS, ROWS, Thumbs

VIDEOS = 24
SHOTS = 12
WIDTH = 176
GRID = ROWS * COLUMNS * 3


@dataclass(frozen=True)
class Tile:
    """One shot in a strip: its picture or a blur, its span in seconds, what opened it, what the camera does."""

    image: str
    is_blur: bool
    start_s: float
    end_s: float
    opened_by: str
    camera: str


@dataclass(frozen=True)
class Sheet:
    """One video: its name, what was measured of it, its first shots, and how many shots and samples it has in all."""

    name: str
    facts: str
    tiles: tuple[Tile, ...]
    n_shots: int
    n_samples: int


def sheets(tables: Tables, thumbs: Thumbs, blobs: Blobs) -> list[Sheet]:
    """The strips of the first 24 videos, those with most samples first."""
    if not tables.names.issuperset(("videos", "shots", "samples")):
        return []
    tables.connection.execute(CHOSEN.format(*_camera(tables)), {"videos": VIDEOS, "shots": SHOTS})
    shown = dict(tables.ask(SHOWN, "frames"))
    blurs = dict(tables.ask(BLURS, "signals", grid=GRID))
    measured = dict(tables.ask(MEASURED, "media"))
    rows = tables.connection.execute("FROM chosen ORDER BY rank, start_us").fetchall()
    found = []
    for video, strip in groupby(rows, key=lambda row: row[1:5]):
        tiles = []
        for *_, shot, start, end, _, opened_by, camera in strip:
            blob, blur = shown.get(shot), bytes(blurs.get(shot, b""))
            image = thumbs.picture(read_blob(blobs, blob), WIDTH) if blob else thumbs.grid(blur)
            tiles.append(Tile(image, not blob, start / 1e6, end / 1e6, opened_by, camera))
        video_id, name, n_samples, n_shots = video
        found.append(Sheet(_last(name), _told(measured.get(video_id)), tuple(tiles), n_shots, n_samples))
    return found


def _camera(tables: Tables) -> tuple[str, str]:
    """The column that says what the camera does, and the join that brings it, where the recipe has such a table."""
    return ("camera", "LEFT JOIN shot_looks USING (shot_id)") if "shot_looks" in tables.names else ("''", "")


def _last(uri: str) -> str:
    return uri.rstrip("/").rpartition("/")[2] or uri


def _told(measured: dict[str, float | str] | None) -> str:
    if measured is None:
        return ""
    length, rate = clock(float(measured["s"])), float(measured["rate"])
    return f"{length} · {measured['w']} \u00d7 {measured['h']} · {rate:.4g} fps · {measured['codec']}"


def clock(seconds: float) -> str:
    """A time as people write it: 0:07, 1:02:30."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


CHOSEN = """
CREATE OR REPLACE TEMP TABLE chosen AS
WITH counted AS (
    SELECT videos.video_id, coalesce(title, videos.uri) AS name, coalesce(any_value(kept.n), 0) AS n_samples,
           count(*) AS n_shots, row_number() OVER (ORDER BY coalesce(any_value(kept.n), 0) DESC, videos.uri) AS rank
    FROM videos JOIN shots USING (video_id)
    LEFT JOIN (SELECT video_id, count(*) AS n FROM samples GROUP BY video_id) AS kept USING (video_id)
    GROUP BY videos.video_id, title, videos.uri
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY video_id ORDER BY start_us) AS nth
    FROM shots JOIN counted USING (video_id) WHERE rank <= $videos
)
SELECT rank, placed.video_id, name, n_samples, n_shots, shot_id, start_us, end_us, (start_us + end_us) // 2 AS middle,
       opened_by, coalesce({}, '') AS camera
FROM placed {} WHERE nth <= $shots"""

# Of each shot the frame nearest to its middle that some item asked for.
SHOWN = """
SELECT shot_id, arg_min(blob, abs(at_us - middle)) FROM chosen JOIN frames USING (video_id)
WHERE start_us <= at_us AND at_us < end_us GROUP BY shot_id"""

# The block means of the frame on screen in the middle of each shot that nobody asked for a frame of.
BLURS = """
SELECT shot_id, array_slice(grids, (place - 1) * $grid + 1, place * $grid) FROM (
    SELECT shot_id, grids, len(list_filter(pts_us, lambda t: t <= middle)) AS place
    FROM chosen JOIN signals USING (video_id) WHERE signals.start_us <= middle AND middle < signals.end_us
) WHERE place > 0"""

MEASURED = """
SELECT video_id, {'s': duration_us_measured / 1e6, 'w': width_px_measured, 'h': height_px_measured,
                  'rate': rate_hz_measured, 'codec': codec}
FROM media SEMI JOIN chosen USING (video_id)"""
