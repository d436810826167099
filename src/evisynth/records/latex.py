r"""Signs as BibTeX files write them (``\"{u}``, ``\ss``, ``\&``) to Unicode and back."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["from_latex", "to_latex"]

_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304",
    ".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "r": "\u030a", "c": "\u0327",
    "k": "\u0328", "d": "\u0323", "b": "\u0331", "t": "\u0361",
}  # fmt: skip
_SIGNS = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ",
    "OE": "Œ", "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ",
    "TH": "Þ", "dj": "đ", "DJ": "Đ", "ng": "ŋ", "NG": "Ŋ", "S": "§", "P": "¶", "copyright": "©",
    "pounds": "£", "textregistered": "®", "texttrademark": "™", "textdegree": "°",
    "textbackslash": "\\", "textbraceleft": "{", "textbraceright": "}", "textasciitilde": "~",
    "textasciicircum": "^", "textquotesingle": "'", "textquotedblleft": "“",
    "textquotedblright": "”", "textquoteleft": "‘", "textquoteright": "’", "textendash": "–",
    "textemdash": "—", "textellipsis": "…", "ldots": "…", "dots": "…", "textless": "<",
    "textgreater": ">", "textbar": "|", "textunderscore": "_", "textmu": "µ", "textpm": "±",
    "texttimes": "×", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "mu": "μ",
    "kappa": "κ", "lambda": "λ", "omega": "ω", "tau": "τ", "chi": "χ", "pm": "±",
    "times": "×", "leq": "≤", "geq": "≥", "textperiodcentered": "·", "slash": "/",
}  # fmt: skip
_STYLES = frozenset(
    {"textit", "textbf", "emph", "textsc", "textrm", "textsf", "texttt", "textsl", "textup",
     "textsuperscript", "textsubscript", "mbox", "text", "uppercase", "url", "href", "mathrm"}
)  # fmt: skip
_COMMAND = re.compile(
    r"""\\(?:
        (?P<accent>[`'^"~=.])\s*(?:\{\s*(?:\\(?P<ai>[ij])(?![A-Za-z])\s*(?:\{\})?
                |(?P<a1>[^\W\d_])?)\s*\}
            |\\(?P<ai2>[ij])(?![A-Za-z])\s?|(?P<a2>[^\W\d_]))
      | (?P<letter>[uvHrckdbt])(?:\{\s*(?:\\(?P<li>[ij])(?![A-Za-z])\s*(?:\{\})?
                |(?P<l1>[^\W\d_]))\s*\}
            |\s+\\(?P<li2>[ij])(?![A-Za-z])|\s+(?P<l2>[^\W\d_])(?![A-Za-z]))
      | (?P<word>[A-Za-z]+)(?:\{\}|[ \t]+(?=\S)|)
      | (?P<sign>.)
    )|(?P<brace>[{}])|(?P<tie>~)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "_": r"\_",
}  # fmt: skip
_ESCAPE = re.compile(r"[\\{}~^&%$#_]")


def _sign(found: re.Match[str]) -> str:
    group = found.groupdict()
    mark = group["accent"] or group["letter"]
    if mark:
        letter = next(
            (group[name] for name in ("a1", "a2", "ai", "ai2", "l1", "l2", "li", "li2")
             if group[name]),
            "",
        )  # fmt: skip
        return unicodedata.normalize("NFC", letter + _ACCENTS[mark]) if letter else mark
    if group["word"]:
        word = group["word"]
        if word in _SIGNS:
            return _SIGNS[word]
        return "" if word in _STYLES else found[0]
    if group["sign"] is not None:
        return " " if group["sign"] in "\\\n" else group["sign"]
    return " " if group["tie"] else ""


def from_latex(text: str) -> str:
    r"""Return the text with its commands resolved and its braces taken off.

    Examples
    --------
    >>> from_latex(r"M{\"u}ller \& Pe\~na, {DNA} in \textit{E. coli}, 5\_3")
    'Müller & Peña, DNA in E. coli, 5_3'
    """
    if "\\" not in text and "{" not in text and "}" not in text and "~" not in text:
        return text
    return _COMMAND.sub(_sign, text)


def to_latex(text: str) -> str:
    r"""Return the text with the signs escaped that BibTeX or LaTeX would take as commands.

    Examples
    --------
    >>> to_latex("50 % of A_1 & B")
    '50 \\% of A\\_1 \\& B'
    """
    return _ESCAPE.sub(lambda found: _ESCAPES[found[0]], text)
