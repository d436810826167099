"""Reference values of the coefficients of agreement, by other people's packages.

Run by hand in an environment of its own (see README.md); writes agreement.json.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
from irrCAC.raw import CAC
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

HERE = Path(__file__).parent
WORDS = np.array(["include", "exclude", "maybe"], dtype=object)
# (name, records, people, share of ratings missing, chance of the true verdict, verdicts, seed)
CASES = [
    ("two people, nearly all excluded", 200, 2, 0.0, 0.9, 2, 1),
    ("two people, three verdicts", 120, 2, 0.0, 0.7, 3, 2),
    ("three people", 80, 3, 0.0, 0.8, 2, 3),
    ("four people, a third missing", 60, 4, 0.33, 0.75, 3, 4),
    ("six people, two thirds missing", 300, 6, 0.66, 0.85, 2, 5),
    ("three people, few records", 9, 3, 0.2, 0.6, 3, 6),
]
TABLES = {
    "Fleiss 1981, table 13.1": [[75, 1, 4], [5, 4, 1], [0, 0, 10]],
    "Cohen 1968": [[88, 14, 18], [10, 40, 10], [2, 6, 12]],
    "Feinstein 1990, balanced": [[40, 9], [6, 45]],
    "Feinstein 1990, unbalanced": [[80, 10], [5, 5]],
    "screening": [[31, 12], [9, 1448]],
}


def ratings(records, people, missing, sure, verdicts, seed):
    """Draw verdicts, NaN where a person did not decide."""
    rng = np.random.default_rng(seed)
    share = [0.15, 0.85] if verdicts == 2 else [0.15, 0.75, 0.1]
    truth = rng.choice(verdicts, size=records, p=share)
    found = np.where(
        rng.random((records, people)) < sure,
        truth[:, None],
        rng.choice(verdicts, size=(records, people)),
    ).astype(float)
    found[rng.random((records, people)) < missing] = np.nan
    return found


def estimates(found, verdicts):
    """Compute every coefficient with its standard error."""
    words = [[WORDS[int(one)] if one == one else None for one in row] for row in found]
    frame = pd.DataFrame(words, columns=[f"r{place}" for place in range(found.shape[1])])
    # items without any rating are unknown to every coefficient
    frame = frame[frame.notna().any(axis=1)].reset_index(drop=True)
    by_package = CAC(frame, categories=sorted(WORDS[:verdicts]), digits=12)
    values = {}
    for name, call in (
        ("Fleiss' kappa", by_package.fleiss),
        ("Gwet's AC1", by_package.gwet),
        ("PABAK", by_package.bp),
        ("Krippendorff's alpha", by_package.krippendorff),
    ):
        made = call()["est"]
        values[name] = {
            "value": made["coefficient_value"],
            "se": made["se"],
            "ci": list(made["confidence_interval"]),
            "percent": 100 * made["pa"],
        }
    values["krippendorff"] = krippendorff.alpha(
        reliability_data=found.T, level_of_measurement="nominal"
    )
    counts = np.array([[np.sum(row == verdict) for verdict in range(verdicts)] for row in found])
    if not np.isnan(found).any():
        values["statsmodels Fleiss"] = statsmodels_fleiss(counts, method="fleiss")
    return counts.tolist(), values


def main():
    """Write the reference."""
    cases = {}
    for name, *drawn in CASES:
        found = ratings(*drawn)
        counts, values = estimates(found, drawn[4])
        cases[name] = {"counts": counts, **values}
    tables = {}
    script = subprocess.run(
        ["Rscript", str(HERE / "agreement.R")],
        input=json.dumps(TABLES),
        capture_output=True,
        text=True,
        check=True,
    )
    by_r = json.loads(script.stdout)
    for name, table in TABLES.items():
        made = cohens_kappa(np.array(table))
        tables[name] = {
            "table": table,
            "statsmodels": {"value": made.kappa, "se": made.std_kappa},
            **by_r[name],
        }
    versions = {name: version(name) for name in ("irrCAC", "krippendorff", "statsmodels", "numpy")}
    reference = {
        "versions": {"python": sys.version.split()[0], **versions, **by_r["versions"]},
        "cases": cases,
        "tables": tables,
    }
    text = json.dumps(reference, indent=1)
    # a row of counts on one line
    text = re.sub(r"\[\s+([\d\s,]+?)\s+\]", lambda row: f"[{' '.join(row[1].split())}]", text)
    (HERE / "agreement.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
