"""Search strategies: grammar and tree, lint, translation, PRISMA-S, PRESS, known items, yield."""

from evisynth.searches.adapting import adapt
from evisynth.searches.adapting_words import Loss
from evisynth.searches.fallbacks import Effect
from evisynth.searches.files import folder_name, read_strategy, strategy_files, write_strategy
from evisynth.searches.known_items import KnownItem, KnownItems, identifiers, known_items
from evisynth.searches.linting import Finding, LintReport, lint_lines, lint_text
from evisynth.searches.parsing import parse_query
from evisynth.searches.pasted import read_pasted
from evisynth.searches.platforms import SYNTAX, platform_named, vocabulary
from evisynth.searches.press import (
    PRESS_ELEMENTS,
    PressAnswer,
    PressElement,
    PressReview,
    PressVerdict,
    press_form,
)
from evisynth.searches.printing import query_text
from evisynth.searches.prisma_s import PRISMA_S_ITEMS, PrismaItem, PrismaReport, prisma_s
from evisynth.searches.problems import QuerySyntaxError, Severity, SyntaxProblem
from evisynth.searches.rows import press_rows, prisma_s_rows, strategy_rows
from evisynth.searches.strategy import (
    FilterUsed,
    LimitUsed,
    PrismaFacts,
    Strategy,
    StrategyLine,
    Version,
    record_run,
    review_strategy,
    revise,
    start_strategy,
)
from evisynth.searches.syntax import PLATFORMS, Platform
from evisynth.searches.translation import Translation, translate_lines, translate_text
from evisynth.searches.tree import (
    And,
    DateKind,
    DateRange,
    Heading,
    Limit,
    LineRef,
    Near,
    Node,
    Not,
    Or,
    Term,
    Wildcard,
    canonical,
    leaves,
    line_refs,
    term,
)
from evisynth.searches.yields import Yield, YieldRow, yield_by_line, yield_by_source

__all__ = [
    "PLATFORMS",
    "PRESS_ELEMENTS",
    "PRISMA_S_ITEMS",
    "SYNTAX",
    "And",
    "DateKind",
    "DateRange",
    "Effect",
    "FilterUsed",
    "Finding",
    "Heading",
    "KnownItem",
    "KnownItems",
    "Limit",
    "LimitUsed",
    "LineRef",
    "LintReport",
    "Loss",
    "Near",
    "Node",
    "Not",
    "Or",
    "Platform",
    "PressAnswer",
    "PressElement",
    "PressReview",
    "PressVerdict",
    "PrismaFacts",
    "PrismaItem",
    "PrismaReport",
    "QuerySyntaxError",
    "Severity",
    "Strategy",
    "StrategyLine",
    "SyntaxProblem",
    "Term",
    "Translation",
    "Version",
    "Wildcard",
    "Yield",
    "YieldRow",
    "adapt",
    "canonical",
    "folder_name",
    "identifiers",
    "known_items",
    "leaves",
    "line_refs",
    "lint_lines",
    "lint_text",
    "parse_query",
    "platform_named",
    "press_form",
    "press_rows",
    "prisma_s",
    "prisma_s_rows",
    "query_text",
    "read_pasted",
    "read_strategy",
    "record_run",
    "review_strategy",
    "revise",
    "start_strategy",
    "strategy_files",
    "strategy_rows",
    "term",
    "translate_lines",
    "translate_text",
    "vocabulary",
    "write_strategy",
    "yield_by_line",
    "yield_by_source",
]
