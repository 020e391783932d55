"""What was found out while a film was decoded, above all its longest stretch with nothing missing."""

from dataclasses import dataclass, field

_LONGEST_LAST_US = 1_000_000
_ONLY_FRAME_US = 40_000


@dataclass(frozen=True)
class Run:
    """Believed frames with nothing missing between them: the first one's number and time, how many, and the last.

    ``end_us`` is when the last one goes off: by its own duration, where that is plausible.
    """

    first: int = 0
    start_us: int = 0
    frames: int = 0
    last_us: int = 0
    longest_us: int = 0
    end_us: int = 0

    def longer(self, at_us: int, until_us: int | None) -> "Run":
        """The same and one more frame."""
        longest = max(self.longest_us, at_us - self.last_us) if self.frames else 0
        usual = (at_us - self.start_us) // self.frames if self.frames else _ONLY_FRAME_US
        end = min(until_us or at_us + usual, at_us + max(longest, _LONGEST_LAST_US))
        return Run(self.first, self.start_us, self.frames + 1, at_us, longest, end)


@dataclass
class Seen:
    """What was found out while decoding. Sizes are as displayed: turned, and stretched by the sample aspect."""

    width_px: int = 0
    height_px: int = 0
    frames: int = 0
    lost: int = 0
    hurts: int = 0
    refused: int = 0
    sizes: set[tuple[int, int]] = field(default_factory=set)
    run: Run = field(default_factory=Run)
    longest: Run = field(default_factory=Run)
    doubted: set[int] = field(default_factory=set)
    """The groups (from a keyframe to the next) in doubt. Whoever decodes ahead in another thread adds to them, too."""
    _strange: set[int] = field(default_factory=set)
    _group: int = -1
    _longest_ahead: Run = field(default_factory=Run)
    _key: Run = field(default_factory=Run)

    @property
    def errors(self) -> int:
        """In how many places the film is damaged, as far as could be told."""
        return self.hurts + len(self._strange)

    @property
    def stretch(self) -> Run:
        """What is to be used: the longest run; where all is in doubt one keyframe, which hangs on nothing."""
        return self.longest if self.longest.frames else self._key

    def add(self, at_us: int, until_us: int | None, group: int, *, is_joined: bool, is_key: bool) -> None:
        """One more believed frame, of that group; ``is_joined`` when nothing is missing between it and the one before.

        A frame of a group in doubt has a number like all, and belongs to no run.
        """
        self.take_back()
        if group != self._group:
            self._group, self._longest_ahead = group, self.longest
        if is_key and not self._key.frames and group not in self._strange:
            self._key = Run(self.frames, at_us).longer(at_us, until_us)
        if group in self.doubted:
            self.run = Run()
        else:
            if not is_joined or not self.run.frames:
                self.run = Run(self.frames, at_us)
            self.run = self.run.longer(at_us, until_us)
            if self.run.frames >= self.longest.frames:
                self.longest = self.run
        self.frames += 1

    def doubt(self, group: int) -> None:
        """A picture of that group cannot be what was filmed."""
        self._strange.add(group)
        self.doubted.add(group)

    def take_back(self) -> None:
        """Forget the newest group's frames if it is in doubt by now; those before it cannot come to be any more."""
        if self._group in self.doubted:
            self.run, self.longest = Run(), self._longest_ahead
