"""Requests for runs: parameters, the variables of make, and what the stack saved for itself."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from hypothesis import strategies as st

from kraken_import.client.settings import KrakenSettings
from kraken_import.local import state
from kraken_import.local.rerun import UnableToRerun, selection
from kraken_import.local.settings import Secrets, UnableToUnderstand, load_secrets, read_wishes
from kraken_import.usecases.faults import BadRequest
from kraken_import.usecases.policy import read_time
from kraken_import.usecases.rerun import RerunRequest
from kraken_import.usecases.rerun import check_request as check_rerun
from kraken_import.usecases.wave_request import WaveRequest, check_customers, check_request
from proofs.answers.contract import Parser, claim
from proofs.answers.damage import TEXTS, any_characters, any_of, bodies, mostly, texts

_KRAKEN: Final = KrakenSettings(base_url="https://api.example.com", token="t")  # noqa: S106
_SECRET: Final = "Quillfeather0161"  # noqa: S105
_times: Final = st.one_of(
    st.sampled_from(["2026-12-01T18:00:00+00:00", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"]),
    st.text("0123456789-T:+Z ٣W", max_size=30),
    any_of(TEXTS),
    any_characters,
    st.none(),
)


def _read_time(value: str | None) -> None:
    found = read_time(name="start", value=value)
    claim(found is None or isinstance(found.utcoffset(), timedelta), "A time has no offset.")


_waves: Final = st.builds(
    WaveRequest,
    dialect=st.just("edf_accounts"),
    limit=st.none() | st.integers(),
    identifiers=st.lists(texts | any_characters, max_size=3),
    cohort=st.none() | texts,
    all_customers=st.booleans(),
    batch_size=st.integers(),
)


def _read_wave(request: WaveRequest) -> None:
    check_customers(request=request)
    check_request(request=request, kraken=_KRAKEN)
    claim(request.limit is None or request.limit > 0, "A wave takes no customer.")
    claim(all(identifier.strip() for identifier in request.identifiers), "A customer has no name.")


_reruns: Final = st.builds(
    RerunRequest,
    dialect=st.just("edf_accounts") | texts,
    wave=st.none() | texts,
    batch=st.none() | st.integers(),
    states=st.lists(texts | st.just("errored"), max_size=2),
    error_code=st.none() | texts,
    error_path=st.none() | texts,
    identifiers=st.lists(texts, max_size=2),
    not_processed=st.booleans(),
    requests_in_flight=st.none() | st.integers(),
    threshold=mostly(st.just(Decimal("0.1")), st.decimals(allow_nan=True)),
)


def _read_rerun(request: RerunRequest) -> None:
    check_rerun(request=request)
    claim(0 <= request.threshold <= 1, "A threshold is not a share.")


_variables: Final = st.fixed_dictionaries(
    {},
    optional={
        **{
            name: mostly(st.just("12"), texts | any_characters)
            for name in ("PORT_BASE", "ACCOUNTS", "SEED", "LIMIT", "BATCH", "NOT_PROCESSED", "LIVE")
        },
        "KRAKEN_URL": mostly(
            st.just("https://api.example.com"), st.text("htps:/[]@.%? ", max_size=12) | texts
        ),
        "KRAKEN_TOKEN": mostly(st.just("token"), texts),
        "LEGACY_DSN": mostly(
            st.just(f"postgresql://me:{_SECRET}@db:5432/x"),
            st.text("postgres://:@[]%= \\'", max_size=20).map(lambda end: f"postgresql://me:{_SECRET}@{end}")
            | texts,
        ),
        "ID": texts,
        "STATE": texts,
    },
)


def _read_variables(environment: dict[str, str]) -> None:
    wishes = read_wishes(environment=environment)
    claim(wishes.limit is None or wishes.limit > 0, "A limit is none.")
    claim(selection(environment=environment, wishes=wishes), "Nothing is selected.")


_STACK: Final = {
    "port_base": 28080,
    "targets": {"kraken_url": None, "kraken_token": None, "legacy_dsn": None, "tracking_dsn": None},
    "components": [{"name": "airflow", "pid": 1, "created": 1.5, "launched": 2}],
}
_SECRETS: Final = dict.fromkeys(Secrets.__dataclass_fields__, _SECRET)


def _read_files(given: tuple[bytes, bytes]) -> None:
    with TemporaryDirectory() as folder:
        kept, secrets = Path(folder) / "stack.json", Path(folder) / "secrets.json"
        secrets.write_bytes(given[1])
        found = load_secrets(path=secrets)
        claim(all(isinstance(each, str) and each for each in found.passwords.values()), "No password.")
        claim(load_secrets(path=secrets) == found, "The secrets are made again each time.")
        kept.write_bytes(given[0])
        stack = state.load(path=kept)
        claim(stack is None or 0 < stack.ports.postgres < 65_536, "A port is none.")
        for component in stack.components if stack else ():
            claim(component.pid > 0 and component.created + component.launched >= 0, "No process.")


def _hidden(_: Any) -> tuple[str, ...]:
    return (_SECRET,)


PARSERS: Final = (
    Parser(name="time of a schedule window", inputs=_times, read=_read_time, refusals=(BadRequest,)),
    Parser(name="parameters of a wave", inputs=_waves, read=_read_wave, refusals=(BadRequest,)),
    Parser(name="parameters of a rerun", inputs=_reruns, read=_read_rerun, refusals=(BadRequest,)),
    Parser(
        name="variables of make",
        inputs=_variables,
        read=_read_variables,
        refusals=(UnableToUnderstand, UnableToRerun),
        hidden=_hidden,
    ),
    Parser(
        name="files of the stack",
        inputs=st.tuples(bodies(_STACK), bodies(_SECRETS)),
        read=_read_files,
        refusals=(state.UnableToReadState,),
        hidden=_hidden,
    ),
)
