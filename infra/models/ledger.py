"""What a run may spend, and what it has: reserved before a request is sent, settled when its answer is there."""

from dataclasses import dataclass, field

# What sums of dollars may leave behind that have been given back; less than a second of sound costs.
DUST_USD = 1e-9


@dataclass(frozen=True)
class Sum:
    """Tokens and US dollars: of a reservation the upper bound, of an answer what it took."""

    tokens: float = 0
    usd: float = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.tokens + other.tokens, self.usd + other.usd)

    def __sub__(self, other: "Sum") -> "Sum":
        return Sum(self.tokens - other.tokens, self.usd - other.usd)

    @property
    def is_nothing(self) -> bool:
        """Whether it is no more than what rounding leaves behind."""
        return self.tokens < 0.5 and self.usd < DUST_USD


@dataclass
class Ledger:
    """The account of one run, over all models and workers. 0 is no limit.

    An answer that takes more than was foreseen makes all later reservations larger by as much, per model: prices and
    counts are the server's, and it may count more than we foresee.
    """

    most_usd: float = 0
    most_tokens: float = 0
    spent: Sum = field(default_factory=Sum)
    reserved: Sum = field(default_factory=Sum)
    excess: dict[str, float] = field(default_factory=dict)

    def reserve(self, model: str, wanted: Sum) -> Sum | None:
        """What is set aside for a request; None when it does not fit beside what is spent and reserved."""
        factor = self.excess.get(model, 1.0)
        aside = Sum(wanted.tokens * factor, wanted.usd * factor)
        after = self.spent + self.reserved + aside
        if (self.most_usd and after.usd > self.most_usd) or (self.most_tokens and after.tokens > self.most_tokens):
            return None
        self.reserved += aside
        return aside

    def settle(self, model: str, wanted: float, aside: Sum, actual: Sum) -> None:
        """Puts what it took in place of what was set aside; so many tokens were ``wanted`` for it, without excess."""
        self.reserved -= aside
        self.spent += actual
        if wanted:
            self.excess[model] = max(self.excess.get(model, 1.0), actual.tokens / wanted)

    def __str__(self) -> str:
        limits = [f"{self.most_usd:g} US dollars"] if self.most_usd else []
        limits += [f"{self.most_tokens:,.0f} tokens"] if self.most_tokens else []
        told = f"spent {self.spent.usd:.4f} US dollars and {self.spent.tokens:,.0f} tokens of {' and '.join(limits)}"
        if self.reserved.is_nothing:
            return told
        held = f"{self.reserved.usd:.4f} US dollars and {self.reserved.tokens:,.0f} tokens"
        return f"{told}; {held} are held for requests that never came back"
