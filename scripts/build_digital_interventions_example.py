"""Write the data files of examples/digital-interventions-cancer from the gathered source files.

    python scripts/build_digital_interventions_example.py --source FOLDER

``FOLDER`` holds the gathering as it was handed over: ``records.ris``, ``decisions.csv``,
``trials.csv``, ``trials_change_scores.csv``, ``trials_mean_differences.csv``, ``rob2.csv`` and
``seed_targets.json``. ``review.toml`` and ``README.md`` of the example are written by hand and are
not touched. Numbers are copied as text, digit for digit.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "digital-interventions-cancer"

COPIES = "Stored public copies were read, not live pages."

# Place found (DB tag of the source file) -> folder, name, kind, found, note.
PLACES: dict[str, tuple[str, str, str, int, str]] = {
    "Metapsy database depression-psyctr": (
        "metapsy-depression-psyctr",
        "Metapsy: psychotherapies for depression",
        "database",
        10,
        "Database of trials, doi 10.5281/zenodo.7254845; rows on people with cancer.",
    ),
    "Metapsy database depression-anxiety-transdiagnostic": (
        "metapsy-transdiagnostic",
        "Metapsy: transdiagnostic treatment of depression and anxiety",
        "database",
        4,
        "Database of trials, doi 10.5281/zenodo.7243836; rows on people with cancer.",
    ),
    "stored web pages": (
        "web-pages",
        "Web pages",
        "website",
        94,
        f"{COPIES} Repeats among them were merged as they came and not counted.",
    ),
    "full texts in github.com/eranroseman/research-assistant": (
        "full-texts-research-assistant",
        "Full texts in github.com/eranroseman/research-assistant",
        "website",
        9,
        COPIES,
    ),
    "open-access trial reports in github.com/jayded/evidence-inference": (
        "trial-reports-evidence-inference",
        "Trial reports in github.com/jayded/evidence-inference",
        "website",
        8,
        COPIES,
    ),
    "Cochrane review data in github.com/mahmood789/Pairwise70": (
        "cochrane-data-pairwise70",
        "Cochrane review data in github.com/mahmood789/Pairwise70",
        "website",
        4,
        COPIES,
    ),
    "Gyawali 2023 review, appendix table A4": (
        "gyawali-2023",
        "Gyawali 2023, appendix table A4",
        "citation",
        43,
        "Trials listed by a review, doi 10.1016/j.ctrv.2023.102519.",
    ),
    "reference list of Qin 2022 review": (
        "qin-2022",
        "Qin 2022, reference list",
        "citation",
        30,
        "Trials listed by a review, doi 10.2196/39799. Ten of the 30 had been found through another"
        " review and are not in the export.",
    ),
    "Wijeratne 2021 review, tables 1 and 3": (
        "wijeratne-2021",
        "Wijeratne 2021, tables 1 and 3",
        "citation",
        18,
        "Trials listed by a review, doi 10.3390/cancers13143542. Four of the 18 had been found"
        " through another review and are not in the export.",
    ),
    "reference list of Cochrane review CD011652": (
        "cochrane-cd011652",
        "Cochrane review CD011652, reference list",
        "citation",
        6,
        "",
    ),
    "first gathering of this data set": (
        "first-gathering",
        "First gathering of this data set",
        "other",
        5,
        "How these five were come upon was not noted.",
    ),
}

# The databases that the reference review names. Not searched here.
DATABASES = {
    "reference-central": ("Cochrane Central Register of Controlled Trials", "Cochrane Library"),
    "reference-web-of-science": ("Web of Science", ""),
    "reference-scopus": ("Scopus", ""),
    "reference-pubmed": ("PubMed", ""),
    "reference-psycinfo": ("PsycINFO", ""),
    "reference-global-health": ("Global Health", ""),
    "reference-embase": ("Embase", ""),
    "reference-medline": ("MEDLINE", ""),
}

# Notes on the numbers, without the quotations of the source files.
GYAWALI = "Gyawali et al. 2023, appendix table A4"
METAPSY = "Metapsy database"
NOTES: dict[tuple[str, str], str] = {
    ("Zhu 2018", "anxiety"): f"{GYAWALI} (secondary source; intention to treat, n 57 and 57); the"
    " printed d of -0.14 recomputes.",
    ("Zhu 2018", "depression"): f"{GYAWALI} (secondary source; intention to treat, n 57 and 57; the"
    " cell is broken over a page); the printed d of 0.09 recomputes.",
    (
        "Kim HJ 2018",
        "anxiety",
    ): f"{GYAWALI} (secondary source; 34 and 38 analysed); the printed P of"
    " .11 recomputes (Welch t).",
    ("Kim HJ 2018", "depression"): f"{GYAWALI} (secondary source; 34 and 38 analysed); P recomputes"
    " to .45, printed .50.",
    ("Sui 2020", ""): "Abstract, PMID 32078926; 200 randomized 1:1. n = 100 per arm taken as"
    " analysed: the rates printed are whole numbers of 100 and cannot be of the 97 and 90 not lost"
    " at 12 months. Country read from the platform (WeChat); involvement not stated;"
    " rehabilitation content not described, coded as education only.",
    ("Boele 2018", ""): f"{METAPSY} depression-psyctr (doi 10.5281/zenodo.7254845), data.csv at"
    " commit ceeabb7; completers, 45 and 44 randomized. Country, course length and arms from the"
    " abstract (PMC5846975) and the protocol (BMC Neurol 2014;14:81).",
    ("Nissen 2020", "anxiety"): f"{METAPSY} depression-anxiety-transdiagnostic (doi"
    " 10.5281/zenodo.7243836), data.csv at commit 76dd0bf, completers; g 0.43 printed there"
    " recomputes. Later commits of that file have lost the decimal comma. The abstract (PMID"
    " 31600414) gives 10 weeks and a model-based d of 0.45.",
    ("Nissen 2020", "depression"): f"{METAPSY} depression-anxiety-transdiagnostic (doi"
    " 10.5281/zenodo.7243836), data.csv at commit 76dd0bf, completers; g 0.64 printed there"
    " recomputes. Later commits of that file have lost the decimal comma. The abstract (PMID"
    " 31600414) gives 10 weeks and a model-based d of 0.42.",
    ("Spoelstra 2015", ""): "Means and standard errors from Wijeratne et al. 2021, table 3, where"
    " they are printed as SD; they are standard errors of least square means (the poster of the"
    " trial heads its table so and gives n 37 and 31). 40 and 40 randomized. SD = SE x sqrt(n), a"
    " residual SD; the printed effect size of 0.03 recomputes.",
    ("Spoelstra 2016", ""): "Trial report, table 4: least square means and standard errors adjusted"
    " for baseline; printed P .80 and effect size .06 recompute. n from table 3 (exit interview);"
    " 49 and 26 randomized. SD = SE x sqrt(n), a residual SD (baseline SDs 7.2 and 8.4). Measured 6"
    " weeks after the last text message.",
    ("Handa 2020", "anxiety"): f"{GYAWALI} (secondary source; 47 and 48 analysed); printed P .08.",
    ("Handa 2020", "depression"): f"{GYAWALI} (secondary source; 47 and 48 analysed); printed P"
    " .35.",
    ("Ghanbari 2021", ""): f"{GYAWALI} (secondary source; 38 and 39 analysed). State scale used:"
    " the interval printed for the total score of the intervention arm is not centred on its mean.",
    ("Yun 2012", ""): "Abstract, PMID 22412149; 273 randomized, 136 to the intervention, so 137 to"
    " control. Depression not reported there.",
    ("Akechi 2023", ""): "Report of the trial in the ASCO Post; 444 evaluable (220 and 224), 223"
    " and 224 randomized by the abstract (PMID 36322882). Anxiety not given with numbers.",
    ("U-CARE AdultCan", ""): "Abstract; 245 randomized (124 and 121), 49% answered at 10 months. No"
    " significant effect on anxiety, no numbers. Chat forum by the protocol (BMC Cancer"
    " 2013;13:414). 43 weeks stands for the 10 months during which steps 1 and 2 were open. Country"
    " from the conference abstract; year and DOI not seen.",
    (
        "Livingston 2025",
        "anxiety",
    ): "Conference abstract of the trial published as EClinicalMedicine"
    " 2025;86:103373 (PMID 40756964); 358 randomized (183 and 175), linear mixed models.",
    ("Livingston 2025", "depression"): "Conference abstract of the trial published as"
    " EClinicalMedicine 2025;86:103373 (PMID 40756964); 358 randomized (183 and 175), linear mixed"
    " models.",
    (
        "DREAMLAND 2023",
        "anxiety",
    ): "Summary of the trial (Cancer 2023;129:1075-1084): means 3.54 and"
    " 5.64 by analysis of covariance. 60 randomized; arms not stated, inferred as 29 and 31 from"
    " 62.1% of the intervention arm. Numbers analysed not seen. SE = |difference| / t for the"
    " printed P with n - 2 degrees of freedom (Cochrane Handbook 6.5.2.3).",
    ("DREAMLAND 2023", "depression"): "Summary of the trial (Cancer 2023;129:1075-1084): means 4.76"
    " and 6.29 by analysis of covariance. 60 randomized; arms not stated, inferred as 29 and 31"
    " from 62.1% of the intervention arm. Numbers analysed not seen. SE = |difference| / t for the"
    " printed P with n - 2 degrees of freedom (Cochrane Handbook 6.5.2.3).",
    (
        "Maguire 2021",
        "",
    ): "Abstract as summarized at readisten.com; randomized 415 and 414 (abstract,"
    " PMID 34289996). Mean over six cycles of a repeated measures model, so its SE is somewhat"
    " smaller than that of one time point. The trait scale (-1.15, -1.90 to -0.41) is not used."
    " Length in weeks not stated. Involvement by the description. Depression not measured.",
}

ROB_NOTES = {
    "Gyawali": "Gyawali et al. 2023, in the text: low risk of bias. The review scored the Cochrane"
    " tool 0 to 2 an item and called a sum of 8 or more low; its table A5 with the items was not"
    " seen.",
    "Wijeratne": "Wijeratne et al. 2021, in the text: low risk of bias. The review scored the"
    " Cochrane tool (7 items) 0 to 2 an item and called a sum of 8 or more low; the items are in"
    " its supplement, not seen.",
    "Metapsy": "Metapsy data.csv: sequence generation 1, allocation concealment 1, blinding of"
    " assessors sr (self-report), intention to treat 1, sum 4 of 4 (4 is low).",
}

SHARED = [
    "year", "country", "continent", "cancer", "intervention", "intervention_types",
    "duration_weeks", "duration_group", "involvement",
]  # fmt: skip


def write(path: Path, header: list[str], rows: list[list[str]]) -> None:
    """Write one table, UTF-8 with line feeds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def read(path: Path) -> list[dict[str, str]]:
    """Read one table of the source folder."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def quote(text: str) -> str:
    """Write a TOML basic string."""
    return json.dumps(text, ensure_ascii=False)


def plain(text: str) -> str:
    """Say what was at hand without naming where the copies were kept."""
    text = text.replace("in the stored material", "in the material at hand")
    return text.replace("in the stored full text", "in the text at hand")


def build_searches(source: Path) -> list[str]:
    """Write one folder a place found and one a database not searched; return the record ids."""
    text = (source / "records.ris").read_text(encoding="utf-8")
    entries = re.findall(r"(?ms)^TY  - .*?^ER  - *$", text)
    by_place: dict[str, list[str]] = {place: [] for place in PLACES}
    ids = []
    for entry in entries:
        place = re.search(r"(?m)^DB  - (.*)$", entry)
        ident = re.search(r"(?m)^ID  - (.*)$", entry)
        if place is None or ident is None:
            sys.exit(f"entry without DB or ID: {entry[:80]!r}")
        ids.append(ident[1])
        lines = [line for line in entry.splitlines() if not line.startswith("N1  - Found in")]
        by_place[place[1]].append(
            "\n".join(lines).replace(place[0], f"DB  - {PLACES[place[1]][1]}")
        )
    for origin, (folder, name, kind, found, note) in PLACES.items():
        path = EXAMPLE / "searches" / folder
        path.mkdir(parents=True, exist_ok=True)
        exported = by_place[origin]
        lines = [
            f"name = {quote(name)}",
            f'kind = "{kind}"',
            "searched = true",
            f"found = {found}",
        ]
        if found != len(exported):
            lines.append(f"removed_at_source = {found - len(exported)}")
        if note:
            lines.append(f"note = {quote(note)}")
        (path / "search.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (path / "export.ris").write_text("\n\n".join(exported) + "\n", encoding="utf-8")
    for folder, (name, platform) in DATABASES.items():
        path = EXAMPLE / "searches" / folder
        path.mkdir(parents=True, exist_ok=True)
        lines = [f"name = {quote(name)}", 'kind = "database"']
        if platform:
            lines.append(f"platform = {quote(platform)}")
        lines += [
            "searched = false",
            'note = "From inception to 2024 in the reference review; not searched here."',
        ]
        (path / "search.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ids


def build_decisions(source: Path) -> None:
    """Write decisions of both stages and the retrieval of reports, as `evisynth freeze` sorts."""
    title_abstract, full_text, retrieval = [], [], []
    for row in read(source / "decisions.csv"):
        ident, note = row["record_key"], plain(row["reason"])
        if row["reason_code"] == "not_retrieved":
            retrieval.append([ident, "not_retrieved", note])
            continue
        decision = [ident, "r1", row["decision"], row["reason_code"], note, "", "reviewer"]
        if row["stage"] == "title_abstract":
            title_abstract.append(decision)
        else:
            full_text.append(decision)
            retrieval.append([ident, "retrieved", ""])
    header = ["record_id", "reviewer", "decision", "reason", "note", "date", "role"]
    write(EXAMPLE / "decisions" / "title_abstract.csv", header, sorted(title_abstract))
    write(EXAMPLE / "decisions" / "full_text.csv", header, sorted(full_text))
    columns = ["record_id", "status", "reason"]
    write(EXAMPLE / "decisions" / "retrieval.csv", columns, sorted(retrieval))


def build_extraction(source: Path, ids: list[str]) -> None:
    """Write studies.csv and the three tables of outcome data."""
    numbers = {
        "trials.csv": (
            "end_scores.csv",
            ["n_e", "mean_e", "sd_e", "se_e", "n_c", "mean_c", "sd_c", "se_c", "sd_source"],
        ),
        "trials_change_scores.csv": (
            "change_scores.csv",
            ["n_e", "change_e", "ci_lb_e", "ci_ub_e", "sd_change_e",
             "n_c", "change_c", "ci_lb_c", "ci_ub_c", "sd_change_c"],
        ),
        "trials_mean_differences.csv": (
            "mean_differences.csv",
            ["n_e", "n_c", "md", "ci_lb", "ci_ub", "p_value", "se", "sd", "md_kind", "se_source"],
        ),
    }  # fmt: skip
    studies: dict[str, list[str]] = {}
    for name, (target, columns) in numbers.items():
        rows = []
        for row in read(source / name):
            study, outcome = row["study"], row["outcome"]
            note = NOTES.get((study, outcome)) or NOTES[study, ""]
            rows.append(
                [study, outcome, row["instrument"], row["timepoint"]]
                + [row[column] for column in columns]
                + [row["source_url"], note]
            )
            record = re.sub(r"[ -]", "", study)
            if record not in ids:
                sys.exit(f"study {study!r}: no record {record!r}")
            characteristics = [study, record, *(row[column] for column in SHARED)]
            if studies.setdefault(study, characteristics) != characteristics:
                sys.exit(f"study {study!r}: characteristics differ between its rows")
        header = ["study", "outcome", "instrument", "timepoint", *columns]
        header += ["source_url", "source_note"]
        write(EXAMPLE / "extraction" / target, header, rows)
    write(
        EXAMPLE / "studies" / "studies.csv",
        ["study_id", "record_ids", *SHARED],
        sorted(studies.values(), key=lambda row: row[0]),
    )


def build_published(source: Path) -> None:
    """Write the judgements and the results of others."""
    rows = []
    for row in read(source / "rob2.csv"):
        result = row["result"]
        outcome = result if result in ("anxiety", "depression") else ""
        note = next(text for key, text in ROB_NOTES.items() if key in row["source_note"])
        if not outcome:
            note += f" Result judged: {result}."
        rows.append([row["study"], outcome, row["tool"], row["overall"], row["source_url"], note])
    header = ["study", "outcome", "tool", "judgement", "source", "note"]
    write(EXAMPLE / "rob" / "published.csv", header, rows)

    targets = json.loads((source / "seed_targets.json").read_text(encoding="utf-8"))
    fields = {"duration": "duration_group", "stakeholder involvement": "involvement"}
    where = f"Abstract, doi:{targets['review']['doi']}"

    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.2f}"

    rows = []
    for item in targets["overall"]:
        title = item["outcome"].capitalize()
        low, high = item["ci"]
        rows.append(
            [title, item["outcome"], item["outcome"], "", "", str(item["k"]),
             number(item["estimate"]), number(low), number(high), number(item["p"]), item["i2"],
             where, ""]
        )  # fmt: skip
    for item in targets["subgroups"]:
        outcomes = ["depression", "anxiety"] if item["outcome"] == "both" else [item["outcome"]]
        low, high = item.get("ci", (None, None))
        stated = item["estimate"] is not None
        for outcome in outcomes:
            title = outcome.capitalize()
            rows.append(
                [f"{title}, {item['level']}" if stated else f"{title}, by {item['by']}",
                 outcome, outcome, fields[item["by"]], item["level"] if stated else "", "",
                 number(item["estimate"]), number(low), number(high), number(item.get("p")), "",
                 where, "" if stated else "Reported as no statistically significant differences;"
                 " numbers not in the abstract."]
            )  # fmt: skip
    header = ["label", "outcome", "analysis", "subgroup", "level", "k", "estimate", "ci_lower",
              "ci_upper", "p", "i2", "source", "note"]  # fmt: skip
    write(EXAMPLE / "published_results.csv", header, rows)


def main() -> None:
    """Build all files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, required=True, help="folder of the gathering")
    source = parser.parse_args().source
    ids = build_searches(source)
    build_decisions(source)
    build_extraction(source, ids)
    build_published(source)
    print(f"{len(ids)} records written under {EXAMPLE}")


if __name__ == "__main__":
    main()
