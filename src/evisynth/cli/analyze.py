"""The command ``analyze``: a meta-analysis of one table, without a review."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evisynth.cli.options import DebugOption, JsonOption, QuietOption
from evisynth.cli.shell import Shell
from evisynth.errors import OptionError

__all__ = ["analyze"]

COLUMNS = "Columns of the table (usual names are recognized)"
MODEL = "Model"
FURTHER = "Further analyses"
OUTPUT = "Figures and files"

PERCENT = 100


def _column(option: str, text: str) -> typer.models.OptionInfo:
    info: typer.models.OptionInfo = typer.Option(
        option, help=text, metavar="COLUMN", rich_help_panel=COLUMNS, show_default=False
    )
    return info


def _level(level: float) -> float:
    """Read a level as people write it: 0.95 or 95."""
    share = level / PERCENT if 1 < level < PERCENT else level
    if not 0 < share < 1:
        raise OptionError("level", level, ["a number such as 0.95 or 95"])
    return share


def _favours(text: str) -> tuple[str, str]:
    parts = tuple(part.strip() for part in text.split(",", 1))
    if len(parts) != 2 or not all(parts):
        raise OptionError("favours", text, ["two words with a comma: intervention,control"])
    return parts[0], parts[1]


def _further(texts: list[str]) -> dict[str, str]:
    """Read "role=column" texts."""
    found = {}
    for text in texts:
        role, sign, name = (part.strip() for part in text.partition("="))
        if not (role and sign and name):
            raise OptionError("column", text, ["a role and a column: time1=years_e"])
        found[role] = name
    return found


def analyze(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="Table with one row a study: CSV (UTF-8), or .xlsx where openpyxl is installed.",
        ),
    ],
    measure: Annotated[
        str,
        typer.Option(
            "--measure",
            "-m",
            metavar="NAME",
            show_default=False,
            help="Effect measure: SMD (different scales), MD (one scale), OR, RR, RD (events), "
            "GEN (estimates as given), IRR, ROM, ZCOR and many more (docs/statistics.md). Left "
            "out, the columns decide.",
        ),
    ] = "",
    study: Annotated[str, _column("--study", "Name of the study; each study once.")] = "",
    n1: Annotated[str, _column("--n1", "People in the experimental arm.")] = "",
    mean1: Annotated[str, _column("--mean1", "Mean of the experimental arm.")] = "",
    sd1: Annotated[str, _column("--sd1", "Standard deviation of the experimental arm.")] = "",
    n2: Annotated[str, _column("--n2", "People in the control arm.")] = "",
    mean2: Annotated[str, _column("--mean2", "Mean of the control arm.")] = "",
    sd2: Annotated[str, _column("--sd2", "Standard deviation of the control arm.")] = "",
    events1: Annotated[str, _column("--events1", "Events in the experimental arm.")] = "",
    events2: Annotated[str, _column("--events2", "Events in the control arm.")] = "",
    estimate: Annotated[str, _column("--estimate", "Effect estimate of the study.")] = "",
    se: Annotated[str, _column("--se", "Its standard error (of a ratio: of its logarithm).")] = "",
    variance: Annotated[str, _column("--variance", "Its sampling variance, likewise.")] = "",
    ci_lower: Annotated[str, _column("--ci-lower", "Its lower 95% confidence limit.")] = "",
    ci_upper: Annotated[str, _column("--ci-upper", "Its upper 95% confidence limit.")] = "",
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="ROLE=COLUMN",
            rich_help_panel=COLUMNS,
            help='Column of any other role: "time1=years_e". May be repeated.',
            show_default=False,
        ),
    ] = None,
    natural: Annotated[
        bool,
        typer.Option(
            "--natural",
            rich_help_panel=COLUMNS,
            help="Estimates and limits are ratios as printed (0.85), not their logarithms.",
        ),
    ] = False,
    log_scale: Annotated[
        bool,
        typer.Option(
            "--log-scale",
            rich_help_panel=COLUMNS,
            help="With GEN: the estimates are ratios (hazard ratios ...), pooled as logarithms.",
        ),
    ] = False,
    label: Annotated[
        str,
        typer.Option(
            "--label",
            rich_help_panel=COLUMNS,
            metavar="WORDS",
            show_default=False,
            help='With GEN: what the estimates are, e.g. "Hazard ratio".',
        ),
    ] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="CONDITION",
            rich_help_panel=COLUMNS,
            help='Use only rows with this: "outcome=anxiety", "year>=2010". May be repeated.',
            show_default=False,
        ),
    ] = None,
    model: Annotated[
        str, typer.Option("--model", rich_help_panel=MODEL, help="random or equal.")
    ] = "random",
    tau2: Annotated[
        str,
        typer.Option(
            "--tau2",
            rich_help_panel=MODEL,
            help="Estimator of the between-study variance: REML, DL, PM, ML, EB, HS, HE, SJ, HSk, "
            "PMM, SJIT, DLIT, DL2, CA2.",
        ),
    ] = "REML",
    ci: Annotated[
        str,
        typer.Option(
            "--ci",
            rich_help_panel=MODEL,
            help="Confidence interval: HKSJ (Hartung-Knapp, with safeguard), t, z (normal).",
        ),
    ] = "HKSJ",
    level: Annotated[
        float, typer.Option("--level", rich_help_panel=MODEL, help="Level of the intervals.")
    ] = 0.95,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            rich_help_panel=FURTHER,
            help="Subgroups by this column. May be repeated.",
            show_default=False,
        ),
    ] = None,
    moderators: Annotated[
        list[str] | None,
        typer.Option(
            "--moderators",
            metavar="FORMULA",
            rich_help_panel=FURTHER,
            help='Meta-regression on columns: "year", "year + dose". May be repeated.',
            show_default=False,
        ),
    ] = None,
    title: Annotated[
        str,
        typer.Option(
            "--title",
            metavar="WORDS",
            rich_help_panel=OUTPUT,
            help="Title of the figures. Default: the name of the table.",
            show_default=False,
        ),
    ] = "",
    favours: Annotated[
        str,
        typer.Option(
            "--favours",
            metavar="ARM1,ARM2",
            rich_help_panel=OUTPUT,
            help="Words for the two arms, experimental first.",
        ),
    ] = "intervention,control",
    lower_is_better: Annotated[
        bool | None,
        typer.Option(
            "--lower-is-better/--higher-is-better",
            rich_help_panel=OUTPUT,
            help="Which side favours the experimental arm; left out, the sides are not named.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        str,
        typer.Option(
            "--profile",
            metavar="LOOK",
            rich_help_panel=OUTPUT,
            help="Look of the forest plots: cochrane, bmj, jama, lancet or plain.",
        ),
    ] = "cochrane",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FOLDER",
            rich_help_panel=OUTPUT,
            help="Folder for the files. Default: the table's name with -analysis behind it.",
            show_default=False,
        ),
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    _debug: DebugOption = False,
) -> None:
    """Pool the studies of one table: forest plot, funnel plot, summary and numbers.

    No review is needed. Leave-one-out, Egger's test and trim and fill come with it; subgroups and
    meta-regression when asked for.

    Example:  evisynth analyze trials.csv --measure SMD --where outcome=anxiety --by setting
    """
    from evisynth.actions import AnalyzeOptions, analyze_table
    from evisynth.cli.show import show_analysis

    named = {
        "study": study, "n1": n1, "mean1": mean1, "sd1": sd1, "n2": n2, "mean2": mean2, "sd2": sd2,
        "events1": events1, "events2": events2, "estimate": estimate, "se": se,
        "variance": variance, "ci_lower": ci_lower, "ci_upper": ci_upper,
    }  # fmt: skip
    options = AnalyzeOptions(
        measure=measure,
        columns={role: name for role, name in named.items() if name} | _further(column or []),
        given="natural" if natural else "log",
        log_scale=log_scale,
        label=label,
        model=model,
        tau2=tau2,
        ci=ci,
        level=_level(level),
        by=tuple(by or ()),
        moderators=tuple(moderators or ()),
        where=tuple(where or ()),
        title=title,
        favours=_favours(favours),
        lower_is_better=lower_is_better,
        profile=profile,
    )
    shell = Shell("analyze", as_json, quiet)
    with shell.progress() as progress:
        result = analyze_table(data, out, options, progress=progress)
    shell.answer(result.content, lambda: show_analysis(result))
