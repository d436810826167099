"""The files of a strategy beside what a connector wrote."""

from evisynth.searches import read_strategy, write_strategy


def test_the_facts_of_a_run_stay_where_a_strategy_is_written(tmp_path):
    folder = tmp_path / "pubmed"
    folder.mkdir()
    run = '[run]\nreported = 2\nurl = "https://example.org"\n'
    (folder / "search.toml").write_text(f'name = "PubMed"\nplatform = "PubMed"\n\n{run}', "utf-8")
    (folder / "query.txt").write_text("gait[ti]\n", "utf-8")
    found = read_strategy(folder)
    assert found.database == "PubMed"
    write_strategy(found, folder)
    written = (folder / "search.toml").read_text("utf-8")
    assert written.endswith("\n" + run)
    write_strategy(read_strategy(folder), folder)
    assert (folder / "search.toml").read_text("utf-8") == written
