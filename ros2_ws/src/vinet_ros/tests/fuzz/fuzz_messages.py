# Copyright 2026 the vinet_ros maintainers
# SPDX-License-Identifier: Apache-2.0

"""Throw image messages at the conversion, as many as asked for, guided by coverage.

    python tests/fuzz/fuzz_messages.py -runs=1000000 -seed=1 -close_fd_mask=2

The arguments are libFuzzer's. Payloads lie at the edge of a forbidden page, so a read past the
data ends the process; so does any error but a VinetError, and memory beyond -rss_limit_mb.
"""

import resource
import sys
import time
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parent))
with atheris.instrument_imports(include=["vinet_ros"]):
    from image_variants import Variants

_REPORT_EVERY = 5000


def main() -> None:
    """Run libFuzzer with the arguments of the command line; it ends the process."""
    variants, start_s = Variants(), time.monotonic()

    def run(content: bytes) -> None:
        variants.run(content)
        if (variants.converted + variants.refused) % _REPORT_EVERY == 0:
            report()

    def report() -> None:
        peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(
            f"{variants.converted + variants.refused} images: {variants.converted} converted, "
            f"{variants.refused} refused, {time.monotonic() - start_s:.0f} s, "
            f"peak memory {peak_mib} MiB",
            flush=True,
        )

    defaults = ["-max_len=512", "-len_control=10", "-rss_limit_mb=1500", "-timeout=60"]
    atheris.Setup([sys.argv[0], *defaults, *sys.argv[1:]], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
