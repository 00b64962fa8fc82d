from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azenv.core.errors import DamagedError
from azenv.store import records
from azenv.store.paths import Paths, mirrored

# a directory is made once for all the examples of one test
ONE_PLACE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
CONTENT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = Paths(
        home=str(tmp_path),
        base=str(tmp_path / ".azure"),
        store=str(tmp_path / ".azure/azenv"),
        state=str(tmp_path / "state"),
    )
    records.make_directories(found)
    return found


@ONE_PLACE
@given(st.lists(st.lists(CELLS, min_size=12, max_size=12), max_size=4))
def test_an_index_reads_as_it_was_written(paths: Paths, rows: list[list[str]]) -> None:
    records.write_index(paths, rows)
    clean = [[cell.replace("\x1f", "?").replace("\x1e", "?") for cell in row] for row in rows]
    assert records.read_index(paths) == clean


@ONE_PLACE
@given(st.binary(max_size=80))
def test_any_other_index_is_none_of_ours(paths: Paths, data: bytes) -> None:
    Path(paths.records, "index").write_bytes(data)
    found = records.read_index(paths)
    assert found is None or all(len(row) == len(records.INDEX) for row in found)


@ONE_PLACE
@given(
    CONTENT,
    st.sampled_from(["context", "blocked", "denied"]),
    CELLS.filter(lambda t: not set(t) & set("\x1f\0")),
)
def test_a_pins_record_reads_as_it_was_written(
    paths: Paths, content: str, word: str, argument: str
) -> None:
    records.write_pin(paths, "/a/b/.azenv.toml", content, word, argument)
    assert records.read_pin(paths, "/a/b/.azenv.toml") == (word, argument, content)


@ONE_PLACE
@given(st.binary(max_size=60))
def test_any_other_pin_record_answers_nothing(paths: Paths, data: bytes) -> None:
    file = Path(records.pin_record(paths, "/x/.azenv.toml"))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    found = records.read_pin(paths, "/x/.azenv.toml")
    assert found is None or data.endswith(b"\0")


@pytest.mark.parametrize(
    "directory", ["/a", "/a b/c'd", "/a\nb", "/ü/☃", "/" + "x" * 200, "/a/.azenv.toml/b", "/-"]
)
def test_records_of_odd_directories(paths: Paths, directory: str) -> None:
    pin = f"{directory}/.azenv.toml"
    records.write_pin(paths, pin, "content", "context", "id")
    assert records.read_pin(paths, pin) == ("context", "id", "content")
    assert records.pins(paths) == [pin]
    records.remove_pin(paths, pin)
    assert records.pins(paths) == []
    assert list(Path(paths.records, "pins").iterdir()) == []


def test_a_pin_in_the_root_directory(paths: Paths) -> None:
    records.write_pin(paths, "/.azenv.toml", "c", "denied")
    assert records.read_pin(paths, "/.azenv.toml") == ("denied", "", "c")


def test_a_mirror_stays_below_its_directory() -> None:
    assert mirrored("/top", "/a/b") == "/top/a/b"
    assert mirrored("/top", "//a") == "/top/a"


def test_there_is_one_generation_and_each_is_new(paths: Paths) -> None:
    directory = Path(paths.records, "generation")
    seen = set()
    for _ in range(50):
        records.bump(paths)
        (token,) = directory.iterdir()
        seen.add(token)
    assert len(seen) == 50


def test_names_are_sorted_ignoring_case(paths: Paths) -> None:
    records.write_names(paths, ["b", "A", "c"])
    assert records.read(paths, "names") == "A\nb\nc\n"


def test_a_record_that_is_a_link_is_refused(paths: Paths, tmp_path: Path) -> None:
    (tmp_path / "forged").write_text("x")
    Path(paths.records, "contexts", "x").symlink_to(tmp_path / "forged")
    with pytest.raises(DamagedError):
        records.read(paths, "contexts/x")
