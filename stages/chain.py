"""The way from captions to an answer: core captions, key objects, and a sentence of evidence."""

from collections.abc import Iterator
from typing import Annotated

from annotated_types import Len

from schemas.chat import Form, Reply, Request
from schemas.questions import Chain, SoundClaim
from schemas.rejects import Reject, reject
from schemas.units import Count
from stages.ask import Ask
from stages.captions_told import captions, ids_of
from stages.plain import plain
from stages.quoted import quote
from stages.span_told import span


class EvidenceChain(Form):
    """The labels of the necessary captions, the objects that matter in them, and how they lead to the answer."""

    caption_ids: Annotated[list[str], Len(1, 64)]
    key_objects: Annotated[list[str], Len(1, 12)]
    evidence: Annotated[str, Len(1, 1000)]


class WriteChain(Ask[SoundClaim, Chain], role="writer", prompt="write_chain_1", version=1):
    """Write down how each answer follows: which captions are necessary, which objects in them, and in which way.

    A chain that names a caption that is not there, or fewer than ``least`` different ones, is rejected.
    """

    least: Count = 2

    def render(self, row: SoundClaim) -> Request:
        """The question with its answer, and all captions of its group."""
        asked = f"{quote('question', row.question)}\n{quote('answer', row.answer)}"
        return Request(self.prompt, (span(row), captions(row), asked), EvidenceChain, max_tokens=1024)

    def parse(self, row: SoundClaim, reply: Reply) -> Iterator[Chain | Reject]:
        """The chain, or why it is none."""
        told = reply.filled(EvidenceChain)
        objects = tuple(dict.fromkeys(name for name in map(plain, told.key_objects) if name))
        evidence = plain(told.evidence)
        wrong = self._wrong(row, told) or ("" if objects and evidence else "it has no key object or no evidence")
        if wrong:
            yield reject(self, row, "bad_answer", f"{reply.model}: {wrong}: {evidence}")
            return
        yield Chain(
            question_id=row.question_id,
            video_id=row.video_id,
            caption_ids=ids_of(row, told.caption_ids),
            key_objects=objects,
            evidence=evidence,
            by=reply.model,
        )

    def _wrong(self, row: SoundClaim, told: EvidenceChain) -> str:
        try:
            cited = ids_of(row, told.caption_ids)
        except KeyError as missing:
            return f"it cites {missing}, and the group has c1 to c{len(row.caption_ids)}"
        return "" if len(cited) >= self.least else f"it cites {len(cited)} captions, and needs at least {self.least}"
