"""Painted worlds that the demo's camera looks at: one function per look, each drawn from a seed alone.

Every function takes a random generator and gives an RGB picture of ``WORLD`` size, larger than what the camera sees,
so that it has room to pan, tilt and zoom.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

WORLD = (1920, 1080)
SMALL = (WORLD[0] // 2, WORLD[1] // 2)
"""Soft things are computed at half the size: arrays here have the shape (540, 960), coordinates stay the world's."""

Color = tuple[int, int, int]
Rng = np.random.Generator
Backdrop = Callable[[Rng], Image.Image]
Field = npt.NDArray[np.float32]


def noise(rng: Rng, coarse: int, octaves: int = 5, stretch: float = 1.0) -> Field:
    """Fractal noise in [0, 1] of SMALL size, shape (height, width). ``coarse`` is the number of its largest lumps."""
    total = np.zeros((SMALL[1], SMALL[0]), np.float32)
    for octave in range(octaves):
        across = max(2, round(coarse * 2**octave))
        down = max(2, round(across * SMALL[1] / SMALL[0] * stretch))
        grid = Image.fromarray(rng.random((down, across), np.float32))
        total += np.asarray(grid.resize(SMALL, Image.Resampling.BICUBIC)) * 0.5**octave
    low, high = float(total.min()), float(total.max())
    return (total - low) / (high - low)


def ramp(top: Color, bottom: Color) -> Field:
    """A vertical gradient of SMALL size, shape (height, width, 3), values 0 to 255."""
    t = np.linspace(0, 1, SMALL[1], dtype=np.float32)[:, None, None]
    one = np.asarray(top, np.float32) * (1 - t) + np.asarray(bottom, np.float32) * t
    return np.repeat(one, SMALL[0], axis=1)


def places() -> tuple[Field, Field]:
    """The world's coordinates y and x at every element of an array of SMALL size."""
    yy, xx = np.mgrid[0 : WORLD[1] : 2, 0 : WORLD[0] : 2].astype(np.float32)
    return yy, xx


def picture(values: npt.NDArray[Any]) -> Image.Image:
    """The values of SMALL size, 0 to 255, as a picture of WORLD size."""
    small = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8), "RGB")
    return small.resize(WORLD, Image.Resampling.BICUBIC)


def pick(rng: Rng, *colors: Color) -> Color:
    """One of the colours, a little off."""
    chosen = colors[int(rng.integers(len(colors)))]
    red, green, blue = (int(np.clip(value + rng.integers(-12, 13), 0, 255)) for value in chosen)
    return red, green, blue


def _ridge(rng: Rng, base: float, height: float) -> Field:
    x = np.arange(0, WORLD[0], 2, dtype=np.float32)
    line = np.zeros_like(x)
    for octave in range(1, 8):
        line += np.sin(x * 0.0016 * 1.9**octave + rng.uniform(0, 7)) * height / 1.75**octave
    return base - line


def hills(rng: Rng) -> Image.Image:
    """Ranges of hills, paler with distance, under a low sun."""
    sky_top, sky_low = (
        pick(rng, (70, 130, 200), (240, 150, 110), (60, 60, 120)),
        pick(rng, (250, 225, 180), (255, 200, 150)),
    )
    canvas, grain = ramp(sky_top, sky_low), noise(rng, 24)
    yy, xx = places()
    sun = np.hypot(xx - rng.uniform(300, 1600), yy - rng.uniform(180, 330))
    canvas += np.clip(1.4 - sun / 260, 0, 1)[..., None] * np.array([90, 70, 30], np.float32)
    canvas[sun < 62] = (255, 246, 214)
    near, far = (
        np.asarray(pick(rng, (24, 60, 40), (60, 40, 60), (90, 70, 20)), np.float32),
        np.asarray(sky_low, np.float32),
    )
    for layer in range(5):
        line = _ridge(rng, 430 + 140 * layer, 150 - 12 * layer)
        inside = yy > line[None, :]
        tint = far * (0.75 - layer * 0.17) + near * (0.25 + layer * 0.17)
        shade = 0.84 + (0.06 + 0.05 * layer) * (grain - 0.3) * 2 + 0.12 * np.clip(1 - (yy - line[None, :]) / 60, 0, 1)
        canvas[inside] = (tint * shade[..., None])[inside]
    return picture(canvas)


def city(rng: Rng) -> Image.Image:
    """Rows of houses with lit and dark windows above a street."""
    night = bool(rng.integers(2))
    colors = ((12, 16, 46), (96, 54, 96)) if night else ((120, 180, 226), (236, 232, 214))
    scene = picture(ramp(*colors) + noise(rng, 6)[..., None] * 26)
    draw = ImageDraw.Draw(scene)
    for row in range(3):
        x = -60
        while x < WORLD[0]:
            width, height = int(rng.integers(90, 210)), int(rng.integers(260, 640) - 90 * row)
            deep = 0.45 + 0.25 * row
            wall = (
                pick(rng, (34, 38, 66), (52, 44, 70))
                if night
                else pick(rng, (176, 120, 96), (150, 160, 172), (206, 186, 148))
            )
            body = (int(wall[0] * deep), int(wall[1] * deep), int(wall[2] * deep))
            top = 820 - height
            draw.rectangle((x, top, x + width, 840), body)
            _windows(draw, rng, (x, top, width, height), night)
            x += width + int(rng.integers(4, 50))
    draw.rectangle((0, 830, *WORLD), (44, 44, 52))
    for x in range(0, WORLD[0], 120):
        draw.rectangle((x, 886, x + 60, 892), (220, 214, 180))
    return scene


def _windows(draw: ImageDraw.ImageDraw, rng: Rng, house: tuple[int, int, int, int], night: bool) -> None:
    left, top, width, height = house
    for y in range(top + 16, top + height - 30, 36):
        for x in range(left + 12, left + width - 18, 28):
            lit = rng.random() < (0.45 if night else 0.12)
            color = pick(rng, (255, 216, 130), (250, 236, 190)) if lit else ((18, 20, 34) if night else (84, 100, 122))
            draw.rectangle((x, y, x + 13, y + 20), color)


def sea(rng: Rng) -> Image.Image:
    """Open water with glitter, far islands and clouds."""
    canvas = ramp(pick(rng, (66, 140, 214), (250, 170, 120)), (240, 236, 220))
    canvas += np.clip(noise(rng, 5) - 0.55, 0, 1)[..., None] * 320
    yy, xx = places()
    for _ in range(3):
        middle, half, high = rng.uniform(100, 1800), rng.uniform(120, 300), rng.uniform(40, 150)
        line = 520 - high * np.clip(1 - ((np.arange(0, WORLD[0], 2) - middle) / half) ** 2, 0, 1)
        canvas[(yy > line[None, :]) & (yy < 522)] = pick(rng, (92, 110, 128), (70, 96, 90))
    depth = np.clip((yy - 520) / 560, 0, 1)[..., None]
    water = np.asarray(pick(rng, (96, 160, 186), (130, 120, 150)), np.float32) * (1 - 0.72 * depth)
    waves = noise(rng, 26, 4, stretch=7)
    water += ((waves - 0.5) * (60 + 60 * depth[..., 0]))[..., None]
    glitter = np.exp(-(((xx - rng.uniform(500, 1400)) / 190) ** 2)) * np.clip(waves - 0.55, 0, 1) * 480
    return picture(np.where(yy[..., None] >= 520, water + glitter[..., None], canvas))


def desert(rng: Rng) -> Image.Image:
    """Dunes with a bright and a shadowed side under a plain sky."""
    canvas = ramp(pick(rng, (90, 160, 214), (206, 120, 90)), (248, 222, 178))
    yy = np.arange(0, WORLD[1], 2, dtype=np.float32)[:, None]
    ripple = noise(rng, 60, 3, stretch=3)
    light, dark = (
        np.asarray(pick(rng, (236, 176, 104), (214, 140, 96)), np.float32),
        np.asarray((120, 66, 44), np.float32),
    )
    for layer in range(6):
        line = _ridge(rng, 420 + 120 * layer, 190 - 14 * layer)
        slope = np.clip(np.gradient(line) * 0.8 + 0.5, 0, 1)
        fall = np.clip((yy - line[None, :]) / 240, 0, 1)
        shade = np.clip(slope[None, :] * (1 - fall) + 0.62 * fall + (ripple - 0.5) * 0.3, 0, 1)[..., None]
        canvas = np.where((yy > line[None, :])[..., None], light * shade + dark * (1 - shade), canvas)
    return picture(canvas)


def forest(rng: Rng) -> Image.Image:
    """Trunks in mist, near ones dark and thick, on leaves or snow."""
    floor = pick(rng, (214, 222, 232), (120, 84, 40), (64, 92, 44))
    canvas = ramp(pick(rng, (150, 170, 170), (190, 170, 130)), pick(rng, (222, 228, 222), (232, 214, 170)))
    canvas[380:] = np.asarray(floor, np.float32)
    scene = picture(canvas * (0.8 + 0.4 * noise(rng, 18))[..., None])
    draw = ImageDraw.Draw(scene)
    for layer in range(4):
        for _ in range(16 - 2 * layer):
            x, thick = rng.uniform(0, WORLD[0]), (8 + 11 * layer) * rng.uniform(0.7, 1.3)
            tone = 132 - 34 * layer + rng.integers(-8, 9)
            foot, lean = 770 + 80 * layer, rng.uniform(-30, 30)
            color = (int(tone * 0.9), int(tone * 0.78), int(tone * 0.68))
            draw.polygon(
                [(x - thick, foot), (x + thick, foot), (x + lean + thick * 0.5, -20), (x + lean - thick * 0.5, -20)],
                color,
            )
            for _ in range(4):
                y, side, far = rng.uniform(60, 520), rng.choice((-1, 1)), rng.uniform(60, 190)
                draw.line((x + lean * (1 - y / 770), y, x + side * far, y - far * 0.7), color, int(2 + 2 * layer))
    return scene


def space(rng: Rng) -> Image.Image:
    """Stars, a coloured nebula and a banded planet."""
    glow = np.clip(noise(rng, 4) - 0.42, 0, 1)[..., None] * np.asarray(
        pick(rng, (240, 90, 190), (80, 200, 230), (230, 150, 60))
    )
    canvas = (glow * 1.5 + np.asarray((8, 8, 22))).astype(np.float32)
    ys, xs = rng.integers(0, SMALL[1] - 2, 900), rng.integers(0, SMALL[0] - 2, 900)
    for y, x, size in zip(ys, xs, rng.integers(1, 3, 900), strict=True):
        canvas[y : y + size, x : x + size] = rng.integers(150, 256)
    yy, xx = places()
    cx, cy, radius = rng.uniform(600, 1320), rng.uniform(400, 680), rng.uniform(190, 300)
    distance = np.hypot(xx - cx, yy - cy)
    bands = 0.5 + 0.5 * np.sin((yy - cy) / radius * 11 + noise(rng, 10) * 5)
    light = np.clip(1.15 - np.hypot(xx - cx + radius * 0.5, yy - cy + radius * 0.5) / (radius * 1.7), 0.05, 1)
    one, two = (np.asarray(pick(rng, (222, 160, 96), (90, 150, 210), (200, 90, 80)), np.float32) for _ in range(2))
    planet = (one * bands[..., None] + (two * 0.6) * (1 - bands[..., None])) * light[..., None]
    return picture(np.where((distance < radius)[..., None], planet, canvas))


def table(rng: Rng) -> Image.Image:
    """A wooden table from above with sheets of coloured paper on it."""
    grain = noise(rng, 5, 5, stretch=16)
    rings = 0.5 + 0.5 * np.sin(grain * 46)
    wood = np.asarray(pick(rng, (170, 116, 66), (120, 78, 48), (206, 166, 116)), np.float32)
    scene = picture(wood * (0.74 + 0.34 * rings)[..., None])
    draw = ImageDraw.Draw(scene)
    for _ in range(11):
        x, y, size, turn = rng.uniform(60, 1860), rng.uniform(60, 1020), rng.uniform(70, 170), rng.uniform(0, 3)
        corners = [
            (x + size * math.cos(turn + q * math.pi / 2), y + 0.7 * size * math.sin(turn + q * math.pi / 2))
            for q in range(4)
        ]
        draw.polygon([(a + 9, b + 11) for a, b in corners], (70, 46, 30))
        draw.polygon(corners, pick(rng, (226, 84, 70), (70, 130, 196), (244, 206, 90), (240, 238, 228), (90, 170, 120)))
        for step in range(1, 6):
            draw.line(
                (x - size * 0.3, y - size * 0.3 + step * 14, x + size * 0.3, y - size * 0.3 + step * 14),
                (70, 70, 80),
                2,
            )
    return scene


def fields(rng: Rng) -> Image.Image:
    """Farmland from the air: a patchwork of ploughed fields and a river."""
    width, height = WORLD
    seeds = np.stack([rng.uniform(0, width, 46), rng.uniform(0, height, 46)], 1)
    yy, xx = places()
    wobble = noise(rng, 12) * 60
    owner, near, second = (
        np.zeros(xx.shape, np.int64),
        np.full(xx.shape, 1e9, np.float32),
        np.full(xx.shape, 1e9, np.float32),
    )
    for number, (x, y) in enumerate(seeds.astype(np.float32)):
        distance = np.abs(xx - x + wobble) + np.abs(yy - y) * np.float32(1.3)
        owner[distance < near] = number
        second = np.minimum(second, np.maximum(near, distance))
        near = np.minimum(near, distance)
    palette = np.asarray(
        [pick(rng, (124, 160, 66), (196, 176, 84), (92, 124, 58), (160, 112, 68), (226, 206, 120)) for _ in seeds]
    )
    turn = rng.uniform(0, 3, len(seeds))[owner]
    rows = 0.88 + 0.16 * np.sin((xx * np.cos(turn) + yy * np.sin(turn)) / 5)
    canvas = palette[owner] * rows[..., None]
    canvas[second - near < 9] = (70, 88, 50)
    river = height * 0.5 + 190 * np.sin(xx / 330 + rng.uniform(0, 6)) + wobble
    canvas = np.where((np.abs(yy - river) < 34)[..., None], np.asarray((70, 120, 160)), canvas)
    return picture(canvas)


def reef(rng: Rng) -> Image.Image:
    """Under water: slanting light above coral and sand."""
    canvas = ramp(pick(rng, (60, 170, 200), (40, 130, 170)), (8, 40, 76))
    yy, xx = places()
    rays = np.clip(np.sin((xx + yy * 0.5) / 95 + noise(rng, 4) * 4), 0, 1) * np.clip(1 - yy / 800, 0, 1)
    scene = picture(canvas + rays[..., None] * 60 + noise(rng, 30)[..., None] * 18)
    draw = ImageDraw.Draw(scene)
    draw.rectangle((0, 960, *WORLD), pick(rng, (196, 180, 130), (150, 150, 130)))
    for _ in range(34):
        x, tone = rng.uniform(0, WORLD[0]), pick(rng, (226, 96, 110), (240, 160, 70), (150, 80, 170), (80, 160, 110))
        for _ in range(7):
            top, sway = rng.uniform(60, 240), rng.uniform(-70, 70)
            draw.line(
                (x, 985, x + sway * 0.4, 985 - top * 0.5, x + sway, 985 - top), tone, int(rng.uniform(8, 20)), "curve"
            )
    return scene


def mural(rng: Rng) -> Image.Image:
    """Flat geometry in strong colours on rough plaster."""
    scene = picture(np.asarray(pick(rng, (236, 226, 204), (40, 44, 60))) * (0.86 + 0.2 * noise(rng, 40))[..., None])
    draw = ImageDraw.Draw(scene)
    for _ in range(30):
        x, y, size = rng.uniform(0, WORLD[0]), rng.uniform(0, WORLD[1]), rng.uniform(50, 190)
        color = pick(rng, (214, 60, 50), (30, 90, 160), (242, 190, 50), (24, 24, 28), (70, 150, 130), (240, 150, 160))
        kind = int(rng.integers(4))
        if kind == 0:
            draw.ellipse((x - size, y - size, x + size, y + size), color)
        elif kind == 1:
            draw.polygon([(x, y - size), (x + size, y + size), (x - size, y + size)], color)
        elif kind == 2:
            draw.pieslice((x - size, y - size, x + size, y + size), 90, 270, color)
        else:
            draw.rectangle((x - size, y - size / 3, x + size, y + size / 3), color)
    return scene


BACKDROPS: dict[str, Backdrop] = {
    made.__name__: made for made in (hills, city, sea, desert, forest, space, table, fields, reef, mural)
}
