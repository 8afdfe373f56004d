"""Which worker runs which tests."""

from tests.support.distribution import CLUSTER, rank_of, scope_of


def test_a_file_stays_together() -> None:
    """Its tests may share what is dear to make."""
    found = {scope_of(f"tests/simulator/test_pace.py::test_{n}[a::b]") for n in range(3)}

    assert found == {"tests/simulator/test_pace.py"}


def test_all_that_loads_a_cluster_stays_together() -> None:
    """Two of them at once would be too much for a small machine."""
    files = ("test_cluster_kills", "test_cluster_walls", "test_cluster_leaders")

    assert {scope_of(f"tests/faults/{file}.py::test_it") for file in files} == {CLUSTER}


def test_the_longest_begin_first() -> None:
    """Clusters, then other faults, then pages, then all the rest."""
    files = ["tests/schemas/test_a.py", "tests/browser/test_b.py", "tests/faults/test_postgres.py"]
    files.append("tests/faults/test_cluster_loop.py")

    assert sorted(files, key=lambda file: rank_of(f"{file}::test_it")) == files[::-1]


def test_what_needs_a_broker_comes_after_the_clusters() -> None:
    """So that it may end long before the tests do."""
    files = ["tests/faults/test_postgres.py", "tests/ingest/test_a.py", f"{CLUSTER}loop.py"]
    ranks = [rank_of(file, with_broker="test_a" in file) for file in files]

    assert ranks == sorted(ranks, reverse=True)
