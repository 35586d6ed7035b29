"""The steps of the tracking schema, told by the names of their files."""

from alembic.script import ScriptDirectory

from kraken_import.tracking import migrate


def test_the_names_of_the_files_tell_what_alembic_reads_in_them() -> None:
    script = ScriptDirectory.from_config(migrate._config())
    assert migrate.known_steps() == {each.revision for each in script.walk_revisions()}
    assert [max(migrate.known_steps())] == script.get_heads()
