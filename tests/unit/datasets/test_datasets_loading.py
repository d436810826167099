"""The data sets that come with the package."""

import pytest

import evisynth as es
from evisynth.datasets import describe, list_names, load
from evisynth.errors import OptionError

SHAPES = {"bcg": (13, 8), "digital-interventions-cancer": (22, 34), "normand1999": (9, 7)}


def test_every_data_set_is_listed():
    assert set(list_names()) == set(SHAPES)


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_card_and_table_fit(name):
    table, card = load(name), describe(name)
    assert table.shape == SHAPES[name]
    assert list(card.columns) == list(table.columns)
    for words in (card.title, card.source, card.citation, card.doi, card.licence):
        assert words
    assert card.citation in str(card)
    assert "/work" not in str(card) + table.to_csv()


def test_each_call_gives_a_table_of_its_own():
    table = load("bcg")
    table["tpos"] = 0
    assert load("bcg")["tpos"].sum() > 0


def test_unknown_names_are_refused():
    with pytest.raises(OptionError, match="Did you mean 'bcg'"):
        load("bgc")


def test_the_trials_of_the_example():
    trials = load("digital-interventions-cancer")
    assert trials["study"].nunique() == 15
    counts = trials.groupby("outcome")["study"].nunique().to_dict()
    assert counts == {"anxiety": 10, "depression": 12}
    assert trials["source_url"].notna().all()
    assert set(trials["format"]) == {"end score", "change score", "mean difference"}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("bcg", {"measure": "RR"}),
        ("normand1999", {"measure": "MD"}),
        ("digital-interventions-cancer", {"measure": "SMD", "subset": {"outcome": "anxiety"}}),
    ],
)
def test_the_front_door_takes_every_data_set(name, options):
    assert es.effects(load(name), **options).estimable.all()
