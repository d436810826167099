"""Copies of a work as databases write them, each with its own damage."""

import re
import unicodedata

from evisynth.records import Record

BRITISH = {"randomized": "randomised", "tumor": "tumour", "behavior": "behaviour",
           "color": "colour", "center": "centre", "pediatric": "paediatric", "analyz": "analys",
           "fetal": "foetal",
           "gynecolog": "gynaecolog", "anemia": "anaemia", "estrogen": "oestrogen"}  # fmt: skip
FOREIGN = ("Uber den Einfluss von", "Evaluation de la prise en charge par", "Estudio sobre",
           "Badanie")  # fmt: skip


def plain(text: str) -> str:
    """Return a text without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def html(title, rng):
    """Mark up a word, and write "&" and "<" as entities."""
    words = title.split()
    at = rng.randrange(len(words))
    tag = rng.choice(["i", "b", "sub", "em", "scp", "italic"])
    words[at] = f"<{tag}>{words[at]}</{tag}>"
    return " ".join(words).replace(" and ", " &amp; ", 1)


def typo(title, rng):
    """Lose, double or exchange letters once."""
    at = rng.randrange(4, max(5, len(title) - 4))
    kind = rng.randrange(3)
    if title[at].isdigit() or title[at + 1 : at + 2].isdigit():
        return title
    if kind == 0:
        return title[:at] + title[at + 1 :]
    if kind == 1:
        return title[:at] + title[at] + title[at:]
    return title[:at] + title[at + 1 : at + 2] + title[at] + title[at + 2 :]


def spelling(title, _rng):
    """Spell as in Britain."""
    for one, other in BRITISH.items():
        title = title.replace(one, other)
    return title


def translated(title, _rng):
    """Bracket the title and name the language."""
    return f"[{title}]."


def with_language(title, rng):
    """Name the language, or the references, behind the title."""
    return f"{title} [{rng.choice(['Chinese', 'German', 'Review', '33 refs', 'Spanish'])}]"


def bilingual(title, rng):
    """Put a title in another language in front, the translation in brackets."""
    words = title.split()
    foreign = " ".join([rng.choice(FOREIGN), *(word[::-1].lower() for word in words[:9])])
    return f"{foreign} [{title}]"


def upper(title, _rng):
    """Write capitals."""
    return title.upper()


def no_subtitle(title, _rng):
    """Drop what is behind the first colon."""
    return title.split(": ")[0]


def other_colon(title, rng):
    """Write the colon otherwise."""
    return title.replace(": ", rng.choice([" - ", ". ", " : ", " -- ", "; "]), 1)


def no_hyphens(title, _rng):
    """Write hyphens as blanks and curly quotes."""
    return title.replace("-", " ").replace("'", "’")


def latex(title, _rng):
    """Protect capitals with braces, as BibTeX does."""
    return re.sub(r"\b([A-Z]{2,})\b", r"{\1}", title) if re.search(r"[A-Z]{2}", title) else (
        "{" + title + "}")  # fmt: skip


def cut(title, _rng):
    """Cut the end of a long title, as spreadsheets and some exports do."""
    return title[:120].rstrip() + "..." if len(title) > 130 else title


TITLES = (html, typo, spelling, translated, with_language, bilingual, upper, no_subtitle,
          other_colon, no_hyphens, latex, cut)  # fmt: skip


def initials(given):
    """Return initials without dots."""
    return "".join(part[0] for part in re.split(r"[\s.\-]+", given) if part)


def names(people, style, rng):
    """Write a list of people in one of the styles of databases."""
    written = []
    for family, given in people:
        short = initials(given)
        dotted = ".".join(short) + "." if short else ""
        written.append({
            "nlm": f"{plain(family)} {short}".strip(),
            "embase": f"{family} {dotted}".strip(),
            "wos": f"{plain(family)}, {short}".strip(", "),
            "full": f"{family}, {given}".strip(", "),
            "given": f"{given} {family}".strip(),
            "capitals": f"{plain(family).upper()}, {dotted}".strip(", "),
            "one": f"{family}, {short[:1]}".strip(", "),
        }[style])  # fmt: skip
    x = rng.random()
    if x < 0.04 and len(written) > 3:
        return [*written[:3], "et al."], "three and et al."
    if x < 0.07 and len(written) > 1:
        return [written[0], "et al."], "first and et al."
    if x < 0.10 and len(written) > 1:
        return written[:1], "first author only"
    if x < 0.12:
        return [], "no authors"
    return written, ""


def copy_of(work, rng, missing):
    """Return one record of a work, and the names of what was done to it."""
    done = []
    shape = rng.choice(["nlm", "embase", "wos", "full", "given", "capitals", "one"])
    people, what = names(work["people"], shape, rng)
    done += [what] if what else []
    title, journal = work["title"], work["journal"]
    if rng.random() < 0.35:
        damage = rng.choice(TITLES)
        changed = damage(title, rng)
        if changed != title:
            title = changed
            done.append(damage.__name__)
    if rng.random() < 0.3:
        title += "."
    x = rng.random()
    if x < 0.35 and " " in journal and ":" not in journal:
        journal = rng.tool.abbreviate(journal)
    elif x < 0.5:
        journal = journal.upper()
    elif x < 0.55:
        journal = f"{journal} (Online)"
    elif x < 0.6:
        journal = journal.replace(" and ", " & ")
    year, volume, issue = work["year"], str(work["volume"]), str(work["issue"])
    pages = work["pages"]
    first, dash, last = pages.partition("-")
    if dash and first.isdigit():
        x = rng.random()
        if x < 0.3:
            pages = rng.tool.elide(int(first), int(last))
        elif x < 0.36:
            pages, what = first, "first page only"
            done.append(what)
        elif x < 0.40:
            pages = f"pp. {pages}"
        elif x < 0.43:
            pages = f"e{rng.randrange(10**5, 10**6)}"
            done.append("article number for pages")
    x = rng.random()
    if x < 0.05:
        issue = rng.choice(["Jan", "Jul-Aug", "Pt 1", "Winter"])
    elif x < 0.09:
        volume = f"{volume}({issue})"
        issue = ""
    elif x < 0.11:
        volume = f"Vol. {volume}"
    if rng.random() < 0.05:
        year += rng.choice([-1, -1, 1])
        done.append("year off by one")
        if rng.random() < 0.6:
            volume = issue = pages = ""
            done.append("ahead of print")
    doi = work["doi"]
    x = rng.random()
    if x < 0.15:
        doi = f"https://doi.org/{doi}" if doi else ""
    elif x < 0.25:
        doi = doi.upper()
    elif x < 0.5:
        doi = ""
    abstract = work["abstract"] if rng.random() < 0.6 else ""
    gone = {}
    for name in ("year", "journal", "volume", "issue", "pages", "doi"):
        gone[name] = rng.random() < missing
        done += [f"no {name}"] * gone[name]
    pmid = work["pmid"] if shape == "nlm" and rng.random() < 0.7 else ""
    record = Record(
        "", title, tuple(people), None if gone["year"] else year,
        "" if gone["journal"] else journal, "" if gone["volume"] else volume,
        "" if gone["issue"] else issue, "" if gone["pages"] else pages,
        "" if gone["doi"] else doi.lower(), pmid, "", abstract,
    )  # fmt: skip
    return record, done
