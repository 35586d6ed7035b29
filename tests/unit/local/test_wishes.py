import pytest

from kraken_import.local.demo import rehearses
from kraken_import.local.settings import UnableToUnderstand, read_wishes
from kraken_import.local.targets import Systems


def test_nothing_said_means_the_bundled_systems_and_no_number() -> None:
    wishes = read_wishes(environment={"ACCOUNTS": "", "HOME": "/home/somebody"})
    assert wishes.targets.kraken_url is None
    assert wishes.targets.legacy_dsn is None
    assert (wishes.accounts, wishes.port_base, wishes.limit, wishes.identifiers) == (None, None, None, ())


def test_variables_are_read_as_make_passes_them() -> None:
    wishes = read_wishes(
        environment={
            "ACCOUNTS": "20000",
            "KRAKEN_URL": "https://api.example.com/",
            "KRAKEN_TOKEN": "sk_1",
            "LEGACY_DSN": "postgres://me:p%40ss@db.example.com/billing?sslmode=require",
            "ID": "A-1, B-2,,A-1",
        }
    )
    assert wishes.accounts == 20000
    assert wishes.targets.kraken_url == "https://api.example.com"
    assert wishes.targets.legacy_dsn == "postgresql://me:p%40ss@db.example.com/billing?sslmode=require"
    assert wishes.identifiers == ("A-1", "B-2")


def test_live_is_said_with_one_word_or_not_at_all() -> None:
    assert read_wishes(environment={"LIVE": "yes"}).live
    assert not read_wishes(environment={"LIVE": " "}).live
    assert not read_wishes(environment={}).live


def test_a_ledger_is_kept_by_one_word_alone() -> None:
    assert read_wishes(environment={"SAVE": "yes"}).save
    assert not read_wishes(environment={}).save


@pytest.mark.parametrize(
    ("bundled_kraken", "bundled_legacy", "live", "dry_run"),
    [
        (True, True, False, False),
        (False, True, False, True),
        (True, False, False, False),
        (False, False, False, True),
        (False, True, True, False),
        (False, False, True, False),
    ],
)
def test_a_demo_is_live_to_the_bundled_kraken_alone_unless_that_is_said(
    bundled_kraken: bool, bundled_legacy: bool, live: bool, dry_run: bool
) -> None:
    systems = Systems(
        kraken_url="https://api.example.com",
        kraken_token="t",
        legacy_dsn="postgresql://db/legacy",
        tracking_dsn="postgresql://db/tracking",
        legacy_owner_dsn="postgresql://db/legacy",
        tracking_owner_dsn="postgresql://db/tracking",
        bundled_kraken=bundled_kraken,
        bundled_legacy=bundled_legacy,
    )
    assert rehearses(systems=systems, live=live) is dry_run


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({"ACCOUNTS": "many"}, "ACCOUNTS"),
        ({"ACCOUNTS": "0"}, "ACCOUNTS"),
        ({"ACCOUNTS": "-5"}, "ACCOUNTS"),
        ({"ACCOUNTS": "1e3"}, "ACCOUNTS"),
        ({"ACCOUNTS": "²"}, "ACCOUNTS"),
        ({"ACCOUNTS": "9" * 5_000}, "ACCOUNTS"),
        ({"LIVE": "y" * 5_000}, "LIVE"),
        ({"LEGACY_DSN": "postgresql://me:secret@db:99999/x"}, "LEGACY_DSN"),
        ({"LIMIT": "ten"}, "LIMIT"),
        ({"SEED": "x"}, "SEED"),
        ({"PORT_BASE": "80"}, "PORT_BASE"),
        ({"PORT_BASE": "70000"}, "PORT_BASE"),
        ({"KRAKEN_URL": "https://api.example.com"}, "KRAKEN_TOKEN"),
        ({"KRAKEN_TOKEN": "sk_1"}, "KRAKEN_URL"),
        ({"KRAKEN_URL": "api.example.com", "KRAKEN_TOKEN": "sk_1"}, "KRAKEN_URL"),
        ({"KRAKEN_URL": "https://api.example.com:port", "KRAKEN_TOKEN": "sk_1"}, "KRAKEN_URL"),
        ({"KRAKEN_URL": "https://me:secret@api.example.com", "KRAKEN_TOKEN": "sk_1"}, "KRAKEN_URL"),
        ({"LEGACY_DSN": "host=db password=secret"}, "LEGACY_DSN"),
        ({"LEGACY_DSN": "postgresql://me:secret@db:port/x"}, "LEGACY_DSN"),
        ({"TRACKING_DSN": "mysql://me:secret@db/x"}, "TRACKING_DSN"),
        ({"TRACKING_DSN": "postgresql://me:secret@db"}, "TRACKING_DSN"),
        ({"LIVE": "1"}, "LIVE"),
        ({"LIVE": "no"}, "LIVE"),
        ({"LIVE": "YES"}, "LIVE"),
        ({"SAVE": "1"}, "SAVE"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence_without_secrets(
    environment: dict[str, str], names: str
) -> None:
    with pytest.raises(UnableToUnderstand) as refusal:
        read_wishes(environment=environment)
    sentence = str(refusal.value)
    assert names in sentence
    assert "\n" not in sentence
    assert len(sentence) < 300
    assert "secret" not in sentence
