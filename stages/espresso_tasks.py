"""The fourteen tasks of VideoEspresso (arXiv:2411.14794), in four groups, and what else they are called."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator

TaskName = Literal[
    "Causal Inference",
    "Contextual Interpretation",
    "Event Process",
    "Interaction Dynamics",
    "Behavior Profiling",
    "Emotional Recognition",
    "Influence Tracing",
    "Role Identification",
    "Narrative Structuring",
    "Thematic Insight",
    "Situational Awareness",
    "Cooking Steps",
    "Ingredient Details",
    "Traffic Analysis",
]


@dataclass(frozen=True)
class Task:
    """One task: its group, what a question of it asks for, in our words, and its other names."""

    group: str
    about: str
    aliases: tuple[str, ...] = ()


TASKS: dict[TaskName, Task] = {
    "Causal Inference": Task("Logical Reasoning", "why something happens: what caused it, or what it leads to"),
    "Contextual Interpretation": Task("Logical Reasoning", "what something means, given what is around it"),
    "Event Process": Task(
        "Logical Reasoning", "how an event unfolds: its steps and their order", ("Event Dynamic", "Event Dynamics")
    ),
    "Interaction Dynamics": Task("Social Understanding", "how people or things act on each other over time"),
    "Behavior Profiling": Task(
        "Social Understanding", "what somebody's doings show about them", ("Behaviour Profiling", "Behavior Analysis")
    ),
    "Emotional Recognition": Task(
        "Social Understanding", "what somebody feels, and what shows it", ("Emotion Recognition", "Emotional Analysis")
    ),
    "Influence Tracing": Task("Social Understanding", "how one doing or event changes others later on"),
    "Role Identification": Task("Discourse Comprehension", "which part somebody or something plays in the whole"),
    "Narrative Structuring": Task(
        "Discourse Comprehension", "how the parts of the story hang together", ("Narrative Analysis",)
    ),
    "Thematic Insight": Task("Discourse Comprehension", "what the whole is about", ("Theme Insight",)),
    "Situational Awareness": Task(
        "Discourse Comprehension", "what the situation is, and what follows from it", ("Situation Awareness",)
    ),
    "Cooking Steps": Task(
        "Reality Application", "the steps of a preparation, and their order", ("Preparation Steps", "Cooking Process")
    ),
    "Ingredient Details": Task(
        "Reality Application", "which ingredients or materials are used, and how", ("Ingredient Analysis",)
    ),
    "Traffic Analysis": Task("Reality Application", "what happens on a road, who may go, what is dangerous"),
}
"""The names are the paper's. "Narrative Analysis", "Event Dynamic" and "Preparation Steps" are the leaderboard's; the
other aliases are near-misses that a model may write. What each asks for is in our words: the paper's are not known."""


def known_as(name: Any) -> Any:
    """The paper's name of the task of that name or alias, in whatever case; anything else as it is."""
    return _NAMES.get(" ".join(name.split()).casefold(), name) if isinstance(name, str) else name


_NAMES = {name.casefold(): task for task in get_args(TaskName) for name in (task, *TASKS[task].aliases)}

Named = Annotated[TaskName, BeforeValidator(known_as)]
"""A task in a form: the model may use any of its names."""


def listed() -> str:
    """A line per task, as it stands in a prompt."""
    return "\n".join(f"- {name}: {task.about}" for name, task in TASKS.items())
