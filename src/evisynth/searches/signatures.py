"""Signs by which the syntax of one platform is known in the query of another."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evisynth.searches.platforms import SYNTAX
from evisynth.searches.syntax import Platform

__all__ = ["foreign", "plain_signs"]

_PUBMED_TAGS = (
    r"tiab|ti|ab|tw|mh|mesh|majr|pt|dp|ot|la|au|sb|nm|all fields|title/abstract|title|abstract"
    r"|mesh terms|mesh major topic|text word|publication type|date - publication"
)

_SIGNS: tuple[tuple[str, str, frozenset[Platform], str], ...] = (
    (
        r"\.(?:ti|ab|tw|mp|kf|kw|hw|sh|af|pt|nm|fs|au)(?:,[a-z]{2})*\.(?=$|[\s)])",
        "a field code of Ovid",
        frozenset({"ovid"}),
        "i",
    ),
    (r"(?<=[\s)\"])adj\d*(?=[\s(])", "proximity of Ovid", frozenset({"ovid"}), "i"),
    (
        r"(?<![\w/'\"])exp\s+[^()\[\]']+?/(?=$|[\s)a-z])",
        "a heading of Ovid",
        frozenset({"ovid"}),
        "i",
    ),
    (r"(?<!\w)(?:or|and)/\d", "a list of lines of Ovid", frozenset({"ovid"}), "i"),
    (
        rf"\[(?:{_PUBMED_TAGS})(?::noexp|:~\d+)?\]",
        "a field code of PubMed",
        frozenset({"pubmed"}),
        "i",
    ),
    (r"['\"\w]/(?:exp|de|mj)(?=$|[\s)/])", "a heading of Embase.com", frozenset({"embase"}), "i"),
    (r"\]/(?:lim|py|sd)(?=$|[\s)])", "a limit of Embase.com", frozenset({"embase"}), "i"),
    (
        r":(?:ti|ab|kw)(?:,(?:ti|ab|kw))*(?=$|[\s)])",
        "a field code of Embase.com or the Cochrane Library",
        frozenset({"embase", "cochrane"}),
        "i",
    ),
    (r"(?<!\w)(?:MH|MM)\s+\"", "a heading of EBSCOhost", frozenset({"ebsco"}), ""),
    (r"(?<!\w)(?:TI|AB)\s+[(\"]", "a field code of EBSCOhost", frozenset({"ebsco"}), ""),
    (
        r"(?<![\w.])(?:MJ)?(?:MESH|MAINSUBJECT)\.(?:EXACT|EXPLODE)",
        "a heading of ProQuest",
        frozenset({"proquest"}),
        "i",
    ),
    (r"(?<!\w)NOFT\s*\(", "a field code of ProQuest", frozenset({"proquest"}), "i"),
    (
        r"(?<!\w)(?:TS|TI|AB|AK|KP|PY|DT|LA)\s*=",
        "a field code of Web of Science",
        frozenset({"wos"}),
        "",
    ),
    (
        r"(?<![\w-])(?:TITLE(?:-ABS(?:-KEY)?)?|ABS|KEY|AUTHKEY|INDEXTERMS)\s*\(",
        "a field code of Scopus",
        frozenset({"scopus"}),
        "",
    ),
    (r"(?<!\w)PUBYEAR\s", "a date of Scopus", frozenset({"scopus"}), ""),
    (r"(?<!\w)W/\d+", "proximity of Scopus", frozenset({"scopus"}), "i"),
    (r"(?<!\w)PRE/\d+", "proximity of Scopus or ProQuest", frozenset({"scopus", "proquest"}), "i"),
    (
        r"(?<!\w)NEAR/\d+",
        "proximity of another platform",
        frozenset({"embase", "proquest", "wos", "cochrane"}),
        "i",
    ),
    (r"(?<!\w)NEXT/\d+", "proximity of Embase.com", frozenset({"embase", "cochrane"}), "i"),
    (r"\[mh\s+[\^\"\w]", "a heading of the Cochrane Library", frozenset({"cochrane"}), "i"),
    (r"MeSH descriptor:", "a heading of the Cochrane Library", frozenset({"cochrane"}), "i"),
    (r"\{(?:or|and)\s+#\d", "a list of lines of Cochrane", frozenset({"cochrane"}), "i"),
)
_COMPILED = tuple(
    (re.compile(sign, re.IGNORECASE if flags else 0), name, owners)
    for sign, name, owners, flags in _SIGNS
)

_PLAIN = str.maketrans(
    {
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\u2018": "'",
        "\u2019": "'",
        "\u201a": "'",
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
        "\t": " ",
        "\n": " ",
        "\r": " ",
    }
)


def plain_signs(text: str) -> str:
    r"""Replace typographic quotes, dashes and blanks by plain ones, place for place.

    Examples
    --------
    >>> plain_signs("“heart\u00a0failure”")
    '"heart failure"'
    """
    return text.translate(_PLAIN)


def foreign(text: str, platform: Platform) -> Iterator[tuple[int, int, str]]:
    """Yield the place and name of what is syntax of another platform.

    Examples
    --------
    >>> [found[2] for found in foreign("depress*.ti,ab. AND exp Exercise/", "pubmed")]
    ['a field code of Ovid', 'a heading of Ovid']
    >>> list(foreign('"depress*.ti,ab."[tiab]', "pubmed"))
    []
    """
    quotes = r'"[^"]*"' if SYNTAX[platform].quote == '"' else r"\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)"
    masked = re.sub(
        quotes, lambda found: found[0][0] + "x" * (len(found[0]) - 2) + found[0][-1], text
    )
    taken: list[tuple[int, int]] = []
    for sign, name, owners in _COMPILED:
        if platform in owners:
            continue
        for found in sign.finditer(masked):
            start, end = found.span()
            if not any(first < end and start < last for first, last in taken):
                taken.append((start, end))
                yield start, end, name
