"""The language of moderators: curves, nesting, powers, and the same coding for new data."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evisynth as es
from evisynth.errors import DataError, OptionError
from evisynth.synthesis.formula import build_design, drop_redundant_columns, parse_formula

DATA = pd.DataFrame(
    {
        "yi": [0.1, 0.3, 0.8, 0.5, 0.9, -0.2, 0.4, 0.6, 0.7, 0.2],
        "vi": [0.02, 0.03, 0.05, 0.01, 0.04, 0.06, 0.02, 0.03, 0.02, 0.04],
        "dose": [1, 2, 3, 2, 4, 1.5, 3.5, 5, 6, 0.5],
        "year": [1990, 1995, 2001, 2003, 2008, 2010, 2015, 2018, 2019, 2021],
        "arm": list("aabbccabca"),
        "site": list("xyxyxyxyxy"),
        "odd name": range(10),
    }
)
EVERY = np.ones(len(DATA), dtype=bool)


def labels(formula: str) -> list[str]:
    return [":".join(factor.label for factor in term) for term in parse_formula(formula)[1]]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("arm / dose", ["arm", "arm:dose"]),
        ("arm / site / dose", ["arm", "arm:site", "arm:site:dose"]),
        ("(arm + site + dose)^2", ["arm", "site", "dose", "arm:site", "arm:dose", "site:dose"]),
        ("(arm + site) * dose", ["arm", "site", "dose", "arm:dose", "site:dose"]),
        ("arm * dose - arm:dose", ["arm", "dose"]),
        ("arm * site * dose - arm:site:dose",
         ["arm", "site", "dose", "arm:site", "arm:dose", "site:dose"]),
        ("ns(dose, 3) + log(dose)", ["ns(dose, 3)", "log(dose)"]),
        ("poly( dose,2 )", ["poly( dose,2 )"]),
        ("log(`odd name`)", ["log(`odd name`)"]),
    ],
)  # fmt: skip
def test_terms(formula, expected):
    assert labels(formula) == expected


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("tan(dose)", "No such function"), ("dose^2", r"I\(dose\^2\)"), ("I(dose*year)", "a:b"),
        ("ns(dose, 3, 4, 5, 6)", "ns"), ("ns(dose, width=3)", "width"), ("log(C(arm))", "numbers"),
        ("C(log(dose))", "takes a column"), ("log(ns(dose, 2))", "outermost"), ("(arm", "missing"),
        ("I(2)", "needs a column"), ("arm + site) ", "Not understood"), ("ns(dose, x)", "'x'"),
    ],
)  # fmt: skip
def test_what_is_not_the_language_is_said(formula, words):
    with pytest.raises(OptionError, match=words):
        parse_formula(formula)


def test_values_of_functions():
    design = build_design(
        DATA, "log2(dose) + I((year - 2000) / 10) + I(2 - dose^2) + center(dose) + exp(I(-dose))",
        EVERY,
    )  # fmt: skip
    dose, year = DATA.dose.to_numpy(), DATA.year.to_numpy()
    wanted = [np.ones(10), np.log2(dose), (year - 2000) / 10, 2 - dose**2, dose - dose.mean(),
              np.exp(-dose)]  # fmt: skip
    np.testing.assert_allclose(design.matrix, np.column_stack(wanted), rtol=1e-14)


def test_levels_and_reference_in_the_formula():
    assert build_design(DATA, 'C(arm, reference="b")', EVERY).terms == (
        "intercept", "arm[a]", "arm[c]",
    )  # fmt: skip
    given_levels = build_design(DATA, 'C(arm, levels=["c", "a", "b"])', EVERY)
    assert given_levels.reference_levels == {"arm": "c"}
    assert given_levels.terms == ("intercept", "arm[a]", "arm[b]")
    with pytest.raises(OptionError, match="'z'"):
        build_design(DATA, 'C(arm, reference="z")', EVERY)
    with pytest.raises(DataError, match="not among its levels"):
        build_design(DATA, 'C(arm, levels=["a", "b"])', EVERY)
    with pytest.raises(DataError, match="holds words"):
        build_design(DATA, "log(arm)", EVERY)


def test_numbers_that_a_function_cannot_take_are_named():
    with pytest.raises(DataError, match=r"log of 0 is not a number"):
        build_design(DATA.assign(dose=range(10)), "log(dose)", EVERY)
    with pytest.raises(DataError, match="does not vary"):
        build_design(DATA.assign(dose=1.0), "scale(dose)", EVERY)
    with pytest.raises(DataError, match="different values"):
        build_design(DATA.assign(dose=[1.0, 2] * 5), "poly(dose, 2)", EVERY)
    with pytest.raises(DataError, match="between the boundary"):
        build_design(DATA, "ns(dose, knots=[50])", EVERY)
    with pytest.raises(OptionError, match="df"):
        build_design(DATA, "bs(dose, 2)", EVERY)
    with pytest.raises(DataError, match="fall together"):
        build_design(DATA.assign(dose=[1.0] * 9 + [2]), "rcs(dose, 4)", EVERY)
    # in a row that is not fitted it does not matter
    use = EVERY.copy()
    use[0] = False
    zero = DATA.assign(dose=[0.0, *DATA.dose[1:]])
    assert np.isneginf(build_design(zero, "log(dose)", use).matrix[0, 1])


def test_curves_are_the_same_functions():
    """Natural and restricted cubic splines with the same knots span the same curves."""
    knots = "[1, 2.5, 4]"
    restricted = build_design(DATA, f"rcs(dose, {knots})", EVERY).matrix
    natural = build_design(DATA, "ns(dose, knots=[2.5], boundary=[1, 4])", EVERY).matrix
    rest = natural - restricted @ np.linalg.lstsq(restricted, natural, rcond=None)[0]
    assert np.abs(rest).max() < 1e-12
    raw = build_design(DATA, "poly(dose, 3, raw=True)", EVERY).matrix
    orthogonal = build_design(DATA, "poly(dose, 3)", EVERY).matrix
    np.testing.assert_allclose(orthogonal[:, 1:].T @ orthogonal[:, 1:], np.eye(3), atol=1e-12)
    rest = raw - orthogonal @ np.linalg.lstsq(orthogonal, raw, rcond=None)[0]
    assert np.abs(rest).max() < 1e-9


def test_a_natural_spline_is_linear_outside():
    design = build_design(DATA, "ns(dose, 4)", EVERY)
    assert design.coding is not None
    out = design.coding.matrix(pd.DataFrame({"dose": [7.0, 8.0, 9.0, -1.0, -2.0, -3.0]}))
    np.testing.assert_allclose(np.diff(out[:3], n=2, axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.diff(out[3:], n=2, axis=0), 0, atol=1e-12)


@settings(deadline=None, max_examples=40)
@given(
    formula=st.sampled_from(
        ["ns(dose, 3) * arm", "bs(dose, 4)", "poly(dose, 2) + arm:site", "scale(log(dose))",
         "arm / dose", "rcs(dose, 3) + year", "C(year) - 1", "(arm + site + center(dose))^2"]
    ),
    order=st.permutations(range(10)),
)  # fmt: skip
def test_new_data_are_coded_as_the_fitted_were(formula, order):
    design = pickle.loads(pickle.dumps(build_design(DATA, formula, EVERY)))
    again = design.coding.matrix(DATA.iloc[list(order)].reset_index(drop=True))
    np.testing.assert_allclose(again, design.matrix[list(order)], rtol=1e-12, atol=1e-12)
    one = design.coding.matrix(DATA.iloc[[3]].reset_index(drop=True))
    np.testing.assert_allclose(one[0], design.matrix[3], rtol=1e-12, atol=1e-12)


def test_the_fit_does_not_depend_on_the_basis():
    fits = [
        es.meta_regression(DATA, formula, ci="z")
        for formula in ("poly(dose, 2)", "poly(dose, 2, raw=True)", "dose + I(dose^2)",
                        "I(dose / 100) + I((dose - 3)^2)")
    ]  # fmt: skip
    for fit in fits[1:]:
        assert fit.tau2 == pytest.approx(fits[0].tau2, rel=1e-8)
        assert fit.moderators.statistic == pytest.approx(fits[0].moderators.statistic, rel=1e-8)
        np.testing.assert_allclose(
            es.predict(fit, {"dose": [0.7, 9]}).estimates,
            es.predict(fits[0], {"dose": [0.7, 9]}).estimates,
            rtol=1e-8,
        )


def test_redundant_columns_are_dropped_by_name():
    twice = DATA.assign(twice=2 * DATA.dose, arm2=DATA.arm)
    with pytest.raises(DataError, match=r"'twice'.*dose"):
        es.meta_regression(twice, "dose + twice")
    fit = es.meta_regression(twice, "dose + twice + arm", drop_redundant=True)
    plain = es.meta_regression(twice, "dose + arm")
    assert fit.terms == plain.terms
    assert any("twice" in note for note in fit.notes)
    np.testing.assert_allclose(fit.coefficients, plain.coefficients, rtol=1e-10)
    new = {"dose": [1, 2], "twice": 0, "arm": ["a", "c"]}
    np.testing.assert_allclose(
        es.predict(fit, new).estimates, es.predict(plain, new).estimates, rtol=1e-10
    )
    matrix = np.column_stack([np.ones(10), DATA.dose, DATA.dose - 1])
    made = es.meta_regression(DATA, matrix, terms=["one", "dose", "less"], drop_redundant=True)
    assert made.terms == ("intercept", "dose")
    assert "less" in made.notes[0]
    assert plain.design is not None
    assert drop_redundant_columns(plain.design, EVERY) == (plain.design, "")


@pytest.mark.parametrize(
    ("formula", "terms"),
    [
        ("a + b - 1", "a[x] a[y] b[v] b[w]"),
        ("n + a + b - 1", "n a[x] a[y] b[v] b[w]"),
        ("n:a + b - 1", "b[u] b[v] b[w] n:a[x] n:a[y]"),
        ("a * b - 1", "a[x] a[y] b[v] b[w] a[y]:b[v] a[y]:b[w]"),
        ("a + a:b - 1", "a[x] a[y] a[x]:b[v] a[y]:b[v] a[x]:b[w] a[y]:b[w]"),
        ("a:n - 1", "a[x]:n a[y]:n"),
    ],
)
def test_without_an_intercept_the_first_category_alone_has_all_levels(
    formula: str, terms: str
) -> None:
    """The columns of R's model.matrix."""
    table = pd.DataFrame(
        [(a, b, n) for n in (1.0, 2.5, 4.0) for b in "uvw" for a in "xy"], columns=["a", "b", "n"]
    ).assign(yi=np.sin(np.arange(18.0)), vi=0.1)
    fit = es.meta_regression(table, formula, ci="z")
    assert sorted(fit.terms) == sorted(terms.split())
