"""Publication bias: asymmetry, trim and fill, results that are known to be missing."""

from __future__ import annotations

import math

from evisynth.certainty.case import Case
from evisynth.certainty.facts import DomainEvidence, Fact, Proposal
from evisynth.display import format_count, format_p, plural

__all__ = ["publication_bias"]

SOURCE = "Guyatt et al. 2011, doi:10.1016/j.jclinepi.2011.01.011"
TEST_SOURCE = "Sterne et al. 2011, doi:10.1136/bmj.d4002"
FILL_SOURCE = "Duval and Tweedie 2000, doi:10.1111/j.0006-341X.2000.00455.x"
ROB_ME_SOURCE = "Page et al. 2023, doi:10.1136/bmj-2023-076754"
LEAST_STUDIES = 10
"""Studies below which the tests say nothing."""
ALPHA = 0.10


def publication_bias(case: Case) -> DomainEvidence:
    """Compute tests of asymmetry from ten studies on, trim and fill, and unreported results."""
    facts = []
    k = case.fit.k
    smallest = float("nan")
    if k >= LEAST_STUDIES:
        for name, test in case.asymmetry.items():
            if math.isnan(test.p_value):
                continue
            smallest = test.p_value if math.isnan(smallest) else min(smallest, test.p_value)
            facts.append(
                Fact(
                    f"asymmetry_{name}",
                    test.p_value,
                    f"test for funnel plot asymmetry ({name}): "
                    f"{format_p(test.p_value, symbol=True)}",
                    TEST_SOURCE,
                )
            )
    else:
        facts.append(
            Fact(
                "asymmetry",
                None,
                f"{plural(k, 'study', 'studies')} are too few for a test of funnel plot asymmetry"
                f" (below {LEAST_STUDIES})".replace("1 study are", "1 study is"),
                TEST_SOURCE,
            )
        )
    added = None
    if case.trim_and_fill is not None:
        added = case.trim_and_fill.k0
        words = f"trim and fill adds {plural(added, 'study', 'studies')}"
        if added:
            words += (
                f" on the {case.trim_and_fill.side}: "
                f"{case.estimate_words(case.trim_and_fill.filled)}"
            )
        facts.append(Fact("trim_and_fill", added, words, FILL_SOURCE))
    facts += _unreported(case)
    return DomainEvidence("publication_bias", tuple(facts), _proposal(case, smallest, added))


def _unreported(case: Case) -> list[Fact]:
    if case.not_reported is None:
        words = "it is not known how many studies measured this outcome and did not report it"
        return [Fact("not_reported", None, words, ROB_ME_SOURCE)]
    of = "" if case.registered is None else f" of {format_count(case.registered)} registered"
    words = (
        f"{plural(case.not_reported, 'study', 'studies')}{of} planned or measured this outcome and "
        "did not report its result"
    )
    return [Fact("not_reported", case.not_reported, words, ROB_ME_SOURCE)]


def _proposal(case: Case, smallest: float, added: int | None) -> Proposal:
    if case.not_reported:
        return Proposal(
            -1,
            f"{plural(case.not_reported, 'study', 'studies')} with this outcome did not report "
            "its result",
        )
    if smallest < ALPHA and added:
        return Proposal(
            -1,
            f"the funnel plot is asymmetric ({format_p(smallest, symbol=True)}) and trim and fill "
            f"adds {plural(added, 'study', 'studies')}",
        )
    if smallest < ALPHA or added:
        return Proposal(
            None, "one sign of asymmetry and not the other; what it comes from must be judged"
        )
    if case.fit.k < LEAST_STUDIES:
        return Proposal(
            None,
            "too few studies for a test; where the studies come from and who paid for them must be "
            "judged",
        )
    return Proposal(0, "no sign of asymmetry; none detected does not mean none")
