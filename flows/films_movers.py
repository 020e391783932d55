"""What moves in the demo's films: birds, cars, balls and the like, each a function of time alone.

Places are in the pixels of the backdrop's world; times in seconds since the shot began. A mover draws itself with a
``Pen``, which shifts the world to the part that the camera sees.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw

from flows.films_backdrops import WORLD, Color, Rng, pick

Point = tuple[float, float]
Mover = Callable[["Pen", float], None]


class Pen:
    """Draws on a view of the world whose upper left corner lies at (left, top)."""

    def __init__(self, view: Image.Image, left: float, top: float) -> None:
        self._draw, self._left, self._top = ImageDraw.Draw(view), left, top

    def disc(self, x: float, y: float, radius: float, color: Color) -> None:
        """A filled circle."""
        x, y = x - self._left, y - self._top
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), color)

    def shape(self, points: Sequence[Point], color: Color) -> None:
        """A filled polygon."""
        self._draw.polygon([(x - self._left, y - self._top) for x, y in points], color)

    def line(self, points: Sequence[Point], color: Color, width: int) -> None:
        """A line through the points."""
        self._draw.line([(x - self._left, y - self._top) for x, y in points], color, width, "curve")

    def box(self, x: float, y: float, width: float, height: float, color: Color) -> None:
        """A filled rectangle with its upper left corner at (x, y)."""
        self.shape([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], color)


def birds(rng: Rng) -> Mover:
    """A flock that crosses the sky with beating wings."""
    starts = [(rng.uniform(350, 1000), rng.uniform(360, 560), rng.uniform(0, 6)) for _ in range(7)]
    speed, tone = rng.uniform(120, 190), pick(rng, (40, 44, 54), (250, 250, 250))

    def draw(pen: Pen, t: float) -> None:
        for x0, y0, phase in starts:
            x, y = x0 + speed * t, y0 + 14 * math.sin(t * 2 + phase)
            wing = 16 * math.sin(t * 9 + phase)
            pen.line([(x - 22, y - wing), (x, y), (x + 22, y - wing)], tone, 5)

    return draw


def balloon(rng: Rng) -> Mover:
    """A striped hot-air balloon that rises and drifts."""
    x0, one, two = (
        rng.uniform(700, 1200),
        pick(rng, (220, 60, 50), (240, 180, 40)),
        pick(rng, (250, 240, 220), (50, 90, 160)),
    )

    def draw(pen: Pen, t: float) -> None:
        x, y = x0 + 26 * t, 760 - 62 * t
        for stripe in range(5):
            pen.disc(x + (stripe - 2) * 17, y, 62 - abs(stripe - 2) * 9, one if stripe % 2 else two)
        pen.line([(x - 34, y + 50), (x - 12, y + 96)], (60, 50, 40), 3)
        pen.line([(x + 34, y + 50), (x + 12, y + 96)], (60, 50, 40), 3)
        pen.box(x - 15, y + 96, 30, 24, (120, 80, 44))

    return draw


def cars(rng: Rng) -> Mover:
    """Cars on a street: two lanes, two directions, several speeds."""
    fleet = [
        (
            rng.uniform(0, 1900),
            rng.uniform(150, 330) * (1, -1)[n % 2],
            (868, 936)[n % 2],
            pick(rng, (210, 50, 44), (50, 110, 190), (240, 200, 60)),
        )
        for n in range(7)
    ]

    def draw(pen: Pen, t: float) -> None:
        for x0, speed, y, color in fleet:
            x = (x0 + speed * t) % (WORLD[0] + 200) - 100
            pen.shape([(x - 30, y - 20), (x - 16, y - 42), (x + 22, y - 42), (x + 38, y - 20)], (170, 200, 220))
            pen.box(x - 56, y - 22, 112, 26, color)
            pen.disc(x - 32, y + 4, 12, (20, 20, 22))
            pen.disc(x + 32, y + 4, 12, (20, 20, 22))

    return draw


def boat(rng: Rng) -> Mover:
    """A sailing boat that rocks as it goes."""
    x0, speed, sail = (
        rng.uniform(500, 800),
        rng.uniform(70, 110),
        pick(rng, (250, 250, 246), (226, 90, 70), (250, 200, 70)),
    )

    def draw(pen: Pen, t: float) -> None:
        x, y, lean = x0 + speed * t, 640 + 7 * math.sin(t * 2.2), 16 * math.sin(t * 1.7)
        pen.shape([(x - 92, y), (x + 100, y), (x + 62, y + 42), (x - 66, y + 42)], (110, 60, 40))
        pen.shape([(x, y - 6), (x + lean, y - 190), (x + 88, y - 14)], sail)
        pen.shape([(x - 8, y - 6), (x - 8 + lean, y - 160), (x - 70, y - 14)], (236, 236, 240))

    return draw


def balls(rng: Rng) -> Mover:
    """Balls that fall and bounce lower each time: what time's arrow looks like."""
    thrown = [
        (
            rng.uniform(550, 1100),
            rng.uniform(60, 170),
            40 + 20 * n,
            pick(rng, (230, 60, 60), (60, 120, 220), (250, 190, 40)),
        )
        for n in range(4)
    ]

    def draw(pen: Pen, t: float) -> None:
        for x0, speed, radius, color in thrown:
            height, swing, left = 560.0, 1.1, t
            while left > swing and height > 4:
                left, height, swing = left - swing, height * 0.62, swing * 0.787
            y = 860 - max(0.0, height * (1 - (2 * left / swing - 1) ** 2)) - radius
            pen.disc(x0 + speed * t + 12, 868, radius * 0.6, (50, 34, 24))
            pen.disc(x0 + speed * t, y, radius, color)
            pen.disc(x0 + speed * t - radius * 0.3, y - radius * 0.3, radius * 0.24, (255, 244, 226))

    return draw


def flakes(rng: Rng) -> Mover:
    """Snow, leaves or petals that fall and sway."""
    tone = pick(rng, (250, 250, 255), (214, 120, 40), (246, 190, 200))
    many = np.stack(
        [
            rng.uniform(0, WORLD[0], 150),
            rng.uniform(0, WORLD[1], 150),
            rng.uniform(70, 190, 150),
            rng.uniform(3, 9, 150),
        ],
        1,
    )

    def draw(pen: Pen, t: float) -> None:
        for x, y, speed, size in many.tolist():
            pen.disc(x + 30 * math.sin(t * 1.3 + y), (y + speed * t) % WORLD[1], size, tone)

    return draw


def comet(rng: Rng) -> Mover:
    """A comet with its tail, and a satellite that turns."""
    y0, slope = rng.uniform(240, 480), rng.uniform(0.1, 0.3)

    def draw(pen: Pen, t: float) -> None:
        x, y = 480 + 170 * t, y0 + 170 * slope * t
        for step in range(24, 0, -1):
            glow = 255 - 9 * step
            pen.disc(x - step * 9, y - step * 9 * slope, 15 - step * 0.5, (glow // 2, int(glow * 0.8), glow))
        pen.disc(x, y, 17, (250, 255, 255))
        for side in (-1, 1):
            dx, dy = math.cos(t * 1.6) * side, math.sin(t * 1.6) * side
            pen.line([(1150 + 16 * dx, 720 + 16 * dy), (1150 + 92 * dx, 720 + 92 * dy)], (120, 150, 220), 26)
        pen.disc(1150, 720, 24, (210, 210, 200))

    return draw


def fish(rng: Rng) -> Mover:
    """Fish that swim both ways, and bubbles that rise."""
    shoal = [
        (
            rng.uniform(200, 1700),
            rng.uniform(200, 860),
            rng.uniform(60, 170) * rng.choice((-1, 1)),
            pick(rng, (250, 160, 40), (240, 220, 90), (90, 200, 220)),
        )
        for _ in range(12)
    ]
    bubbles = [(rng.uniform(100, 1800), rng.uniform(0, 900), rng.uniform(80, 170)) for _ in range(26)]

    def draw(pen: Pen, t: float) -> None:
        for x, y, speed in bubbles:
            pen.disc(x + 9 * math.sin(t * 3 + y), 960 - (y + speed * t) % 960, 4 + speed / 30, (190, 230, 240))
        for x0, y0, speed, color in shoal:
            x, y, ahead = (x0 + speed * t) % WORLD[0], y0 + 12 * math.sin(t * 2.4 + x0), math.copysign(1, speed)
            tail = 15 * math.sin(t * 10 + y0)
            pen.shape([(x - 26 * ahead, y), (x - 58 * ahead, y - 20 + tail), (x - 58 * ahead, y + 20 + tail)], color)
            pen.shape([(x + 44 * ahead, y), (x, y - 23), (x - 36 * ahead, y), (x, y + 23)], color)
            pen.disc(x + 22 * ahead, y - 5, 4, (20, 20, 30))

    return draw


def mill(rng: Rng) -> Mover:
    """A windmill whose sails turn."""
    x, speed, tone = rng.uniform(800, 1150), rng.uniform(1.2, 2.2), pick(rng, (236, 228, 210), (200, 90, 70))

    def draw(pen: Pen, t: float) -> None:
        pen.shape([(x - 66, 900), (x - 34, 470), (x + 34, 470), (x + 66, 900)], tone)
        pen.shape([(x - 48, 474), (x, 410), (x + 48, 474)], (110, 60, 44))
        for sail in range(4):
            turn = speed * t + sail * math.pi / 2
            dx, dy = math.cos(turn), math.sin(turn)
            pen.shape(
                [
                    (x, 490),
                    (x + 210 * dx, 490 + 210 * dy),
                    (x + 200 * dx - 44 * dy, 490 + 200 * dy + 44 * dx),
                    (x - 20 * dy, 490 + 20 * dx),
                ],
                (250, 248, 238),
            )
        pen.disc(x, 490, 12, (60, 50, 44))

    return draw


def ring(rng: Rng) -> Mover:
    """Discs and a square that travel round a circle, each at its own pace."""
    colors = [pick(rng, (250, 90, 80), (60, 190, 170), (250, 220, 80), (120, 90, 220)) for _ in range(5)]
    paces = [rng.uniform(0.5, 1.6) for _ in colors]

    def draw(pen: Pen, t: float) -> None:
        for number, (color, pace) in enumerate(zip(colors, paces, strict=True)):
            turn, far = pace * t + number, 90 + 55 * number
            pen.disc(960 + far * math.cos(turn), 540 + far * math.sin(turn), 34, (30, 30, 34))
            pen.disc(960 + far * math.cos(turn), 540 + far * math.sin(turn), 29, color)

    return draw


MOVERS: dict[str, tuple[Callable[[Rng], Mover], ...]] = {
    "hills": (balloon, birds),
    "city": (cars,),
    "sea": (boat, birds),
    "desert": (birds, balloon),
    "forest": (flakes,),
    "space": (comet,),
    "table": (balls,),
    "fields": (birds, mill),
    "reef": (fish,),
    "mural": (ring,),
}
"""What moves before which backdrop; the seed picks one."""
