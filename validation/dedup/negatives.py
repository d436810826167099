"""Works that resemble another and must be kept apart: each function makes one of a copy.

A function is given the copy (``w``), the work and the source of chance with its stock of journals,
people and abstracts; it may change the title of the work, too (parts, series).
"""

import re


def another(work, rng):
    """Return a copy of a work with identifiers of its own."""
    w = dict(work)
    w["doi"] = f"{work['doi']}x{rng.randrange(10**6)}" if work["doi"] else ""
    w["pmid"] = str(int(work["pmid"]) + rng.randrange(1, 10**6)) if work["pmid"] else ""
    return w


def later(w, rng, years):
    """Move a work by some years within its journal."""
    w["year"] += years
    w["volume"] += years
    place(w, rng)


def place(w, rng, length=9):
    """Give a work other pages."""
    first = rng.randrange(1, 1900)
    w["pages"] = f"{first}-{first + length}"


def near(w, work, rng, length=1):
    """Put a work some pages behind another."""
    last = int(re.findall(r"\d+", work["pages"])[-1])
    first = last + rng.randrange(1, 300)
    w["pages"] = f"{first}-{first + length}" if rng.random() < 0.7 else str(first)
    w["issue"] = min(12, w["issue"] + rng.randrange(0, 3))


def meeting_abstract(w, work, rng):
    """Become the abstract of a meeting, in a supplement of this or another journal."""
    w["year"] -= rng.choice([0, 1, 1, 2])
    w["volume"] = work["volume"] - rng.choice([0, 1, 1])
    w["issue"] = rng.choice(["Suppl 1", "SUPPL. 2", "S1", "3 Suppl"])
    w["pages"] = rng.choice([f"S{rng.randrange(1, 400)}", str(rng.randrange(1, 400)), "A312",
                             f"S{rng.randrange(1, 200)}-S{rng.randrange(200, 300)}"])  # fmt: skip
    if rng.random() < 0.4:
        w["journal"] = rng.choice(rng.journals)
    w["abstract"] = rng.choice(rng.abstracts)


def meeting_journal(w, _work, rng):
    """Become a paper in the proceedings of a conference."""
    w["journal"] = rng.choice([f"Proceedings of the {rng.randrange(3, 40)}th Annual Conference",
                               f"{w['journal']} Conference Abstracts",
                               f"Conference: {rng.randrange(3, 40)}th World Congress"])  # fmt: skip
    w["year"] -= rng.choice([0, 1, 2])
    w["volume"], w["issue"] = rng.randrange(1, 60), 1
    place(w, rng, 1)
    w["abstract"] = rng.choice(rng.abstracts)


def same_meeting(w, work, rng):
    """Become the next abstract of the same people at the same meeting."""
    meeting_abstract(w, work, rng)
    w["title"] = exchanged(work["title"], rng)
    w["year"] = work["year"]


def erratum(w, work, rng):
    """Become an erratum, named in one of its many ways."""
    t = work["title"]
    pages = f"{work['volume']}, pg {re.findall('[0-9]+', work['pages'])[0]}, {work['year']}"
    w["title"] = rng.choice([
        f"Erratum: {t}", f"Erratum to: {t}", f"Correction: {t}", f"Correction to: {t}",
        f"Corrigendum to “{t}” [{work['journal']} {work['volume']} ({work['year']})]",
        f"{t} (vol {pages})", f"{t}: Erratum", f"Author Correction: {t}",
        f"Publisher Correction: {t}", f"{t} (Correction)",
        f"ERRATUM: {t}. Erratum in {w['journal']}",
        f"Errata: {t}", f"Erratum for: {t}", f"{t} [Erratum]", f"Correction for {t}",
    ])  # fmt: skip
    near(w, work, rng)
    w["abstract"] = ""


def retraction(w, work, rng):
    """Become a notice of retraction."""
    t = work["title"]
    w["title"] = rng.choice([f"Retraction: {t}", f"Retraction notice to: {t}",
                             f"Retraction of: {t}", f"Notice of retraction: {t}",
                             f"Expression of concern: {t}",
                             f"Retraction Note: {t}"])  # fmt: skip
    near(w, work, rng)
    w["year"] += rng.randrange(0, 4)
    w["abstract"] = ""


def reply(w, work, rng):
    """Become a reply or comment, by the same or other people."""
    t = work["title"]
    w["title"] = rng.choice([
        f"Reply to: {t}", f"Re: {t}", f"Comment on '{t}'", f"{t}: a comment", f"{t} - Reply",
        f"Response to '{t}'", f"Author's reply: {t}", f"Editorial comment on: {t}", f"RE: {t}",
        f"Commentary: {t}", f"Letter regarding: {t}", f"Comments on: {t}",
        f"Invited commentary: {t}",
        f"Reply: {t}", f"In response to: {t}", f"{t} - Authors' response", f"Editorial: {t}",
        f"{t}: reply", f"{t}. Commentary", f"Discussion: {t}", f"Letter to the editor: {t}",
        f"Comment: {t}", f"Re: “{t}”", f"{t}: Authors' reply",
    ])  # fmt: skip
    same = rng.random() < 0.6
    w["people"] = work["people"][: rng.choice([1, 2, 12])] if same else rng.choice(rng.people)
    near(w, work, rng)
    w["abstract"] = ""


def part(w, work, rng):
    """Become the second part."""
    one, two = rng.choice([(": Part I", ": Part II"), (" I", " II"), (", part 1", ", part 2"),
                           (". 1. Methods", ". 2. Results"), (": Part One", ": Part Two"),
                           (" (Part 1)", " (Part 2)"), (" - Part A", " - Part B"),
                           (": 1. Design", ": 2. Outcome"), (" (I)", " (II)"),
                           ("", ": Part II")])  # fmt: skip
    work["title"], w["title"] = work["title"].rstrip(".?") + one, work["title"].rstrip(".?") + two
    near(w, work, rng, 9)


def update(w, work, rng):
    """Become an update, years later."""
    years = rng.randrange(1, 6)
    later(w, rng, years)
    w["title"] = rng.choice([work["title"], work["title"], f"{work['title']}: an update",
                             f"Update of: {work['title']}", f"{work['title']}: {w['year']} update",
                             f"{work['title']} - updated results"])  # fmt: skip
    w["abstract"] = rng.choice(rng.abstracts)


def series(w, work, rng):
    """Become the next of a yearly series with one title, or with the year in it."""
    kind = rng.randrange(3)
    subject = " ".join(work["title"].split()[:6]).rstrip(":,.")
    if kind == 0:
        work["title"] = w["title"] = rng.choice([
            f"Annual report of the registry: {subject}", f"Statistics on {subject}",
            f"Recommendations for {subject}", f"Update in {subject}", f"The year in {subject}",
        ])  # fmt: skip
    elif kind == 1:
        work["title"] = f"Annual report {work['year']}: {subject}"
        w["title"] = f"Annual report {work['year'] + 1}: {subject}"
    else:
        work["title"] = f"{subject}, {work['year'] - 1}-{work['year']}"
        w["title"] = f"{subject}, {work['year']}-{work['year'] + 1}"
    work["abstract"] = ""
    w["abstract"] = ""
    later(w, rng, 1)


def cochrane(w, work, rng):
    """Become the next version of a Cochrane review."""
    number = f"CD{rng.randrange(10**5):06d}"
    work["journal"] = w["journal"] = "Cochrane Database of Systematic Reviews"
    work["doi"], w["doi"] = f"10.1002/14651858.{number}", f"10.1002/14651858.{number}.pub2"
    work["pages"] = w["pages"] = number
    w["year"] = work["year"] + rng.randrange(1, 7)
    work["volume"], w["volume"] = work["year"], w["year"]
    w["issue"] = rng.randrange(1, 13)
    w["abstract"] = work["abstract"][:150] + rng.choice(rng.abstracts)


def protocol(w, work, rng):
    """Become the protocol."""
    t = work["title"]
    w["title"] = rng.choice([f"{t}: study protocol", f"{t}: protocol for a randomised trial",
                             f"Protocol for {t}", f"{t} (Protocol)", f"Study protocol: {t}",
                             f"{t}: a study protocol for a cluster trial", f"Protocol: {t}",
                             f"{t}: rationale and design",
                             f"Rationale and design of {t}"])  # fmt: skip
    w["year"] -= rng.randrange(1, 4)
    w["journal"] = rng.choice([work["journal"], "BMJ Open", "Trials"])
    w["volume"], w["issue"] = rng.randrange(1, 20), rng.randrange(1, 12)
    place(w, rng)
    w["abstract"] = rng.choice(rng.abstracts)


def preprint(w, _work, rng):
    """Become the preprint."""
    w["journal"] = rng.choice(["medRxiv", "bioRxiv", "Research Square", "PsyArXiv", "SSRN",
                               "medRxiv : the preprint server for health sciences",
                               "arXiv preprint", "OSF Preprints", "Preprints.org"])  # fmt: skip
    w["year"] -= rng.choice([0, 0, 1])
    w["volume"] = w["issue"] = w["pages"] = ""
    w["doi"] = f"10.1101/{w['year']}.0{rng.randrange(1, 9)}.{rng.randrange(10**7)}"
    w["pmid"] = ""


def thesis(w, work, rng):
    """Become the thesis of the first author."""
    w["people"] = work["people"][:1]
    w["journal"] = "Dissertation Abstracts International: Section B: The Sciences and Engineering"
    w["year"] -= rng.choice([0, 1, 2])
    w["volume"], w["issue"] = rng.randrange(50, 80), "2-B"
    w["pages"] = str(rng.randrange(100, 9000))
    w["abstract"] = rng.choice(rng.abstracts)


def exchanged(title, rng):
    """Exchange one word of a title by its opposite or by another."""
    for one, two in (("men", "women"), ("adults", "children"), ("type 1", "type 2"),
                     ("acute", "chronic"), ("left", "right"),
                     ("positive", "negative")):  # fmt: skip
        if f" {one} " in f" {title} ":
            return title.replace(one, two, 1)
    words = title.split()
    at = rng.randrange(len(words) // 2, len(words))
    new = rng.choice(["adults", "children", "women", "mice", "adherence", "mortality", "Norway"])
    words[at] = new if words[at].strip(".,").lower() != new else "elderly"
    return " ".join(words)


def salami(w, work, rng):
    """Become a second paper of the same people on nearly the same."""
    w["title"] = exchanged(work["title"], rng)
    if rng.random() < 0.5:
        near(w, work, rng, 9)
    else:
        later(w, rng, 1)
    w["abstract"] = rng.choice(rng.abstracts)


def numbers(w, work, rng):
    """Become the same with another number."""
    kind = rng.randrange(4)
    one, two = [("at 6 months", "at 12 months"), ("type 1", "type 2"), ("CYP2C9", "CYP2C19"),
                ("in 2010", "in 2012")][kind]  # fmt: skip
    stem = work["title"].rstrip(".")
    work["title"], w["title"] = f"{stem} {one}", f"{stem} {two}"
    near(w, work, rng, 9) if kind == 2 else later(w, rng, 1)
    w["abstract"] = rng.choice(rng.abstracts)


def other_group(w, work, rng):
    """Become the paper of other people under a common title."""
    short = " ".join(work["title"].split()[:5]).rstrip(":,.")
    work["title"] = w["title"] = short
    w["people"] = rng.choice(rng.people)
    w["journal"] = rng.choice(rng.journals)
    w["year"] = rng.randrange(1980, 2025)
    w["volume"] = rng.randrange(1, 99)
    place(w, rng)
    w["abstract"] = rng.choice(rng.abstracts)


def heading(w, work, rng):
    """Become another letter under the same heading in the same journal."""
    work["title"] = w["title"] = rng.choice([
        "Letter to the Editor", "Editorial", "In reply", "Authors' reply", "Book review",
        "Correspondence", "News and views", "Introduction", "Foreword", "In this issue",
        "Case report", "Response", "Comment", "Editor's choice", "Preface", "Reply",
        "President's message", "Research highlights", "From the editor", "Journal watch",
        "Abstracts", "Clinical image", "Images in medicine", "Obituary",
    ])  # fmt: skip
    work["abstract"] = w["abstract"] = ""
    if rng.random() < 0.5:
        w["people"] = rng.choice(rng.people)
    later(w, rng, 1) if rng.random() < 0.5 else near(w, work, rng, 1)


def reprinted(w, _work, rng):
    """Become the same statement, printed by another journal at the same time."""
    w["journal"] = rng.choice(rng.journals)
    w["volume"], w["issue"] = rng.randrange(1, 99), rng.randrange(1, 12)
    place(w, rng)


NEGATIVES = (meeting_abstract, meeting_journal, same_meeting, erratum, retraction, reply, part,
             update, series, cochrane, protocol, preprint, thesis, salami, numbers, other_group,
             heading, reprinted)  # fmt: skip
