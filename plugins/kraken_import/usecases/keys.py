"""Keys of waves, for people: which keys wrap them, and how the one that wraps is changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine

from kraken_import.tracking import vault


def rotate_keys(*, tracking: Engine, now: datetime) -> str:
    """Wrap every wave's key by the wrapping key that is named first. Returns one sentence on what that means.

    Waves go on meanwhile, plans wait, and a repeated call changes nothing. Raises `UnableToUseKeys`, also
    for a user who does not own the keys, and changes nothing then.
    """
    with tracking.begin() as connection:
        keys = vault.vault_of(connection=connection)
        key_id, wrapped = keys.rewrap(connection=connection, at=now)
        bare = keys.standing(connection=connection).get(None, 0)
    told = "The key of 1 wave is" if wrapped == 1 else f"The keys of {wrapped:,} waves are"
    left = (
        f"; {_counted(bare)} planned without one {'goes' if bare == 1 else 'go'} on unsealed" if bare else ""
    )
    return (
        f"{told} wrapped by key {key_id} now, as all others were before{left}: earlier wrapping keys can be "
        "taken away once no backup from before is needed."
    )


def keys_in_words(*, connection: Connection) -> tuple[bool, str]:
    """Return whether waves are sealed from now on, and a sentence on the keys there are.

    Raises `UnableToUseKeys` where a key does not open.
    """
    keys = vault.vault_of(connection=connection)
    standing = keys.standing(connection=connection)
    wrapped = sum(waves for key_id, waves in standing.items() if key_id is not None)
    if not keys.is_configured():
        return False, (
            "No wrapping key is configured, so payloads and answers of new waves are compressed and not "
            "sealed: make a key (openssl rand -base64 32) and put it into the password of Connection "
            "'wave_keys', or into WAVE_KEYS_FILE."
        )
    return True, f"opens the keys of {_counted(wrapped)}; new waves are sealed"


def _counted(waves: int) -> str:
    return "1 wave" if waves == 1 else f"{waves:,} waves"
