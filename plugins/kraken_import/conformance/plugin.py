"""The plugin of pytest that gives the tests of `kraken_import.conformance` their dialects and samples.

Such a test is marked `kraken_conformance`, and takes one of these:

- dialect: each dialect in force;
- guides: the first sample of each, which shows every list;
- sample: each sample of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from kraken_import.conformance.samples import Sample
    from transforms.dialect import Dialect

MARK: Final = "kraken_conformance"
_GIVEN: Final = ("dialect", "guides", "sample")
_TOLD: Final = pytest.StashKey[dict[str, str]]()
"""By sample, why it cannot test its dialect; blank for one that can."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", f"{MARK}: what every dialect must keep to, asked of each one in force")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask a test of each dialect in force, or of its samples."""
    if metafunc.definition.get_closest_marker(MARK) is None:
        return
    for name in set(_GIVEN) & set(metafunc.fixturenames):
        # A test that is not one of these costs no import of ours.
        found = _chosen(kind=name)
        metafunc.parametrize(name, found.values(), ids=found.keys(), indirect=True, scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Say once of a sample that does not fit its dialect what to do: no test has anything else to say."""
    if item.get_closest_marker(MARK) is None:
        return
    from kraken_import.conformance.samples import Sample, misfit_of

    given = getattr(item, "callspec", None)
    for sample in () if given is None else given.params.values():
        if not isinstance(sample, Sample):
            continue
        told = item.config.stash.setdefault(_TOLD, {})
        if sample.name not in told:
            told[sample.name] = misfit_of(sample=sample)
            if told[sample.name]:
                pytest.fail(told[sample.name], pytrace=False)
        if told[sample.name]:
            pytest.skip(f"The sample {sample.name} does not fit its dialect, as the first failure says.")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a sentence that a test fails with by itself: its author has no use for our source around it."""
    report = yield
    if (
        call.excinfo is not None
        and item.get_closest_marker(MARK)
        and call.excinfo.errisinstance(AssertionError)
    ):
        # Behind the first line stands what pytest has found out about the expression.
        told = str(call.excinfo.value).partition("\n")[0]
        if told.endswith("."):
            report.longrepr = told
    return report


@pytest.fixture(scope="session")
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """A dialect in force."""
    return cast("Dialect", _usable(request))


@pytest.fixture(scope="session")
def guides(request: pytest.FixtureRequest) -> Sample:
    """The first sample of a dialect."""
    return cast("Sample", _usable(request))


@pytest.fixture(scope="session")
def sample(request: pytest.FixtureRequest) -> Sample:
    """A sample of a dialect."""
    return cast("Sample", _usable(request))


def _usable(request: pytest.FixtureRequest) -> Any:
    if isinstance(request.param, str):
        pytest.fail(request.param, pytrace=False)
    return request.param


def _chosen(*, kind: str) -> dict[str, Any]:
    """Return what tests are asked of, by the name that they show; the reason for a dialect that is broken."""
    from kraken_import.conformance.samples import samples_of
    from transforms.additions import BadAddition
    from transforms.project import BadProject
    from transforms.registry import dialect_names, get_dialect

    found: dict[str, Any] = {}
    for name in dialect_names():
        try:
            known = get_dialect(name=name)
            samples = samples_of(dialect=known)
        except (BadAddition, BadProject) as problem:
            found[name] = str(problem)
            continue
        if kind == "dialect":
            found[name] = known
        else:
            found |= {each.name: each for each in (samples[:1] if kind == "guides" else samples)}
    return found
