"""`python -m proofs.simulation`: plays histories, and prints the results as a table."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from kraken_import.simulator.kinds import KINDS
from proofs.simulation.ablations import ABLATIONS
from proofs.simulation.history import History
from proofs.simulation.players import Player, players

_HASH_SEED = "0"


def main() -> int:
    """0 when nothing was wrong, or when each ablation was caught; 1 otherwise."""
    options = _options()
    # An end that is asked for takes the databases along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    console = Console(highlight=False, soft_wrap=True)
    with players(jobs=options.jobs) as player:
        if options.ablate:
            names = list(ABLATIONS) if options.ablate == "all" else [options.ablate]
            return _ablate(
                console=console, player=player, names=names, seeds=options.seeds, page=options.page
            )
        return _simulate(console=console, player=player, seeds=options.seeds)


def _simulate(*, console: Console, player: Player, seeds: range) -> int:
    began = time.monotonic()
    histories: list[History] = []
    wrong: list[History] = []
    for history in player.play(seeds=seeds):
        histories.append(history)
        if history.wrong:
            wrong.append(history)
            console.print(f"Seed {history.seed}: {history.wrong[0]}")
        if len(histories) % 500 == 0:
            rate = len(histories) / (time.monotonic() - began)
            console.print(f"{len(histories):,} of {len(seeds):,} histories, {rate:.1f} a second")
    seconds = time.monotonic() - began
    if len(seeds) == 1 or wrong:
        console.print(_told(history=(wrong or histories)[0]))
    console.print(
        f"{len(histories):,} histories ({seeds.start}-{seeds.stop - 1}), {len(wrong)} of them wrong: "
        f"{sum(each.records for each in histories):,} records, "
        f"{sum(each.creates for each in histories):,} creates, "
        f"{sum(each.kills for each in histories):,} kills, "
        f"{sum(each.requests for each in histories):,} requests, "
        f"{sum(each.statements for each in histories):,} statements, "
        f"{sum(each.seconds for each in histories) / 3600:,.0f} hours of virtual time; "
        f"{len(histories) / seconds:.1f} a second."
    )
    struck = {kind for each in histories for kind in each.struck}
    console.print(
        f"{len(struck)} of {len(KINDS)} kinds of fault struck. These did not: "
        f"{', '.join(sorted(KINDS.keys() - struck)) or 'none'}."
    )
    return 1 if wrong else 0


def _ablate(*, console: Console, player: Player, names: list[str], seeds: range, page: Path | None) -> int:
    rows = []
    for name in names:
        seed, what = "none", "nothing was seen"
        for history in player.play(seeds=seeds, ablation=name, until_wrong=True):
            if len(seeds) == 1:
                console.print(_told(history=history))
            if history.wrong:
                seed, what = str(history.seed), history.wrong[0]
        console.print(f"Without {name}: seed {seed}: {what}")
        rows.append((name, seed, what))
    table = Table(title="Ablations", title_justify="left")
    for title in ("taken out", "caught by seed", "what happened"):
        table.add_column(title)
    for row in rows:
        table.add_row(*row)
    console.print(table)
    if page is not None:
        page.write_text(_page(rows=rows), encoding="utf-8")
    return 1 if any(seed == "none" for _, seed, _ in rows) else 0


def _page(*, rows: list[tuple[str, str, str]]) -> str:
    lines = [
        "# What each safeguard is for",
        "",
        "`make simulate ABLATE=all` wrote this page: it takes out one safeguard at a time and plays",
        "histories until one shows what it was for.",
        "",
        "| safeguard | without it | caught by seed | what happened |",
        "| --- | --- | ---: | --- |",
    ]
    for name, seed, what in rows:
        ablation = ABLATIONS[name]
        lines.append(f"| {ablation.safeguard} (`{name}`) | {ablation.without} | {seed} | {what} |")
    name, seed, _ = rows[0]
    lines += ["", f"`make simulate SEEDS={seed} ABLATE={name}` plays the first of them and prints it.", ""]
    return "\n".join(lines)


def _told(*, history: History) -> Table:
    table = Table(title=f"History of seed {history.seed}", title_justify="left")
    table.add_column("seconds", justify="right")
    table.add_column("who")
    table.add_column("what")
    for at, who, what in history.told:
        table.add_row(f"{at:.3f}", who, " ".join(what.split()), style="bold red" if who == "WRONG" else None)
    return table


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("--seeds", type=_range, default=range(1, 1_001), metavar="FIRST-LAST")
    parser.add_argument("--ablate", choices=("all", *ABLATIONS))
    parser.add_argument("--page", type=Path, help="where the table of ablations is written")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    try:
        found = range(int(first), int(last or first) + 1)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a range: write SEEDS=1-5000 or SEEDS=17") from None
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} has no seed in it: write the smaller one first")
    return found


if __name__ == "__main__":
    # Sets must be walked through in the same order each time.
    if os.environ.get("PYTHONHASHSEED") != _HASH_SEED:
        os.environ["PYTHONHASHSEED"] = _HASH_SEED
        os.execv(sys.executable, [sys.executable, "-m", "proofs.simulation", *sys.argv[1:]])
    sys.exit(main())
