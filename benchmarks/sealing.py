"""How much processor time it takes to seal and open payloads, beside compressing them.

    .venv/bin/python benchmarks/sealing.py [--payloads 1000] [--bytes 4000] [--rounds 20]

Each payload is packed with the key of its wave and without one, as a build and each answer do, and unpacked,
as validation, creation and masking do. The result is milliseconds of this process for 1,000 of them, the
quickest of all rounds.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kraken_import.tracking.evidence import pack_payload, unpack_payload
from kraken_import.tracking.vault import WaveKey

_KEYS: Final[Mapping[str, WaveKey]] = {
    "compressed": WaveKey(wave_id=1),
    "sealed": WaveKey(wave_id=1, cipher=AESGCM(os.urandom(32))),
}


def main() -> None:
    """Print a line for each way of keeping payloads."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payloads", type=int, default=1_000)
    parser.add_argument("--bytes", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    # Half of it shrinks, as payloads do.
    half = options.bytes // 4
    bodies = [
        json.dumps({"random": os.urandom(half).hex(), "plain": "x" * 2 * half}).encode()
        for _ in range(options.payloads)
    ]
    kept = {name: _packed(key=key, bodies=bodies) for name, key in _KEYS.items()}
    least = dict.fromkeys(((name, how) for name in _KEYS for how in ("pack", "unpack")), math.inf)
    # In turn, so that what else the machine does strikes each of them.
    for _ in range(options.rounds):
        for name, key in _KEYS.items():
            for how, work in (
                ("pack", partial(_packed, key=key, bodies=bodies)),
                ("unpack", partial(_unpack, key=key, packed=kept[name])),
            ):
                least[name, how] = min(least[name, how], _seconds(work=work))
    for name in _KEYS:
        packs, unpacks = (least[name, how] * 1e6 / len(bodies) for how in ("pack", "unpack"))
        print(f"{name:<12} {packs:6.1f} ms to pack, {unpacks:6.1f} ms to unpack 1,000")


def _packed(*, key: WaveKey, bodies: list[bytes]) -> list[bytes]:
    return [
        pack_payload(key=key, process_id=number, attempt=1, body=body) for number, body in enumerate(bodies)
    ]


def _unpack(*, key: WaveKey, packed: list[bytes]) -> None:
    for number, body in enumerate(packed):
        unpack_payload(key=key, process_id=number, attempt=1, body=body)


def _seconds(*, work: Callable[[], object]) -> float:
    """Return the processor time of a round."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
