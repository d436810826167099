"""The public face: everything is there, nothing heavy is loaded before it is used."""

import inspect
import json
import subprocess
import sys

import pytest

import evisynth as es

HEAVY = {
    "pandas", "numpy", "scipy", "matplotlib", "pydantic", "docx", "weasyprint", "jinja2",
    "typer", "rich",
}  # fmt: skip


def run(code: str) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_evisynth_loads_nothing_heavy():
    loaded = json.loads(run("import json, sys, evisynth; print(json.dumps(sorted(sys.modules)))"))
    assert "evisynth" in loaded
    assert not HEAVY & {name.split(".")[0] for name in loaded}
    assert [name for name in loaded if name.startswith("evisynth.")] == []


def test_effects_loads_no_pandas_before_a_table_is_read():
    code = "import json, sys, evisynth.effects; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(run(code))
    assert not {"pandas", "matplotlib", "pydantic"} & {name.split(".")[0] for name in loaded}


@pytest.mark.parametrize("name", es.__all__)
def test_every_name_of_the_face_is_there(name):
    assert getattr(es, name) is not None
    assert name in dir(es)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="poool"):
        es.poool  # noqa: B018


CALL = "es.effects({'yi': [0.1, 0.2], 'vi': [0.1, 0.1]}, measure='GEN').estimates.tolist()"


@pytest.mark.parametrize(
    "first",
    [
        "import evisynth as es",
        "import evisynth.effects; import evisynth as es",
        "import evisynth as es; import evisynth.effects",
        "from evisynth.effects import EffectEstimates; import evisynth as es",
        "import evisynth.synthesis; import evisynth as es",
        "import evisynth as es; es.effects; from evisynth.effects import effects",
    ],
)
def test_effects_can_be_called_and_is_the_room_in_every_order(first):
    code = f"{first}\nprint({CALL}, es.effects.EffectEstimates.__name__, es.effects.__name__)"
    assert run(code).strip() == "[0.1, 0.2] EffectEstimates evisynth.effects"


def test_the_room_shows_the_signature_of_its_door():
    from evisynth.effects import effects

    assert inspect.signature(es.effects) == inspect.signature(effects)
