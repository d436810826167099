"""The review as a frozen value, read from its folder."""

from evisynth.review.files import fingerprint, input_files
from evisynth.review.flow import count_flow, flow_heading
from evisynth.review.parts import (
    FlowCounts,
    Person,
    Protocol,
    PublishedResult,
    Question,
    Registration,
)
from evisynth.review.review import Review, read_review
from evisynth.review.searches import read_duplicates, read_searches

__all__ = [
    "FlowCounts",
    "Person",
    "Protocol",
    "PublishedResult",
    "Question",
    "Registration",
    "Review",
    "count_flow",
    "fingerprint",
    "flow_heading",
    "input_files",
    "read_duplicates",
    "read_review",
    "read_searches",
]
