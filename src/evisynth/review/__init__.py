"""The review as a frozen value, read from its folder."""

from evisynth.review.review import (
    FlowCounts,
    Person,
    Protocol,
    PublishedResult,
    Question,
    Registration,
    Review,
)

__all__ = [
    "FlowCounts",
    "Person",
    "Protocol",
    "PublishedResult",
    "Question",
    "Registration",
    "Review",
]
